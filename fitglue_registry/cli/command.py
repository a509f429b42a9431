"""Classes and options that the commands share: help with examples, ``--json``, days, lengths."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli.arguments import refuse_unusable
from fitglue_registry.cli.context import CliContext

if TYPE_CHECKING:
    from collections.abc import Callable

_SPANS = {
    "s": 1,
    "m": 60,
    "min": 60,
    "h": 3600,
    "d": 86400,
}
_SHORTEST_SPAN_S = 60
#: A century: the time after it is still one that a clock can show.
_LONGEST_SPAN_S = 36525 * 86400
#: The way around the Earth, a hundred times.
_FARTHEST_M = 4e9
#: Unit → meters. 1,609.344 m is the international mile.
_LENGTHS = {
    "": 1.0,
    "m": 1.0,
    "km": 1000.0,
    "mi": 1609.344,
}


class Command(click.Command):
    """A command that shows ``examples`` below its help, with the options that all commands have.

    An empty argument or option is a usage error, unless ``may_be_empty`` names its parameter. So is
    a very long one, unless ``may_be_long`` names its parameter.
    """

    def __init__(
        self,
        *args: Any,
        examples: tuple[str, ...] = (),
        may_be_empty: tuple[str, ...] = (),
        may_be_long: tuple[str, ...] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples
        self.may_be_empty = may_be_empty
        self.may_be_long = may_be_long
        self.params += _common()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, and refuse those that no command can use.

        Raises:
            UserMistake: If an argument or the value of an option is empty, too long or not UTF-8
                (FG-usage).
        """
        refuse_unusable(self, ctx, args)
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, then the epilog."""
        _write_examples(self.examples, formatter)
        super().format_epilog(ctx, formatter)


class Group(click.Group):
    """A group of commands, with its own ``examples`` and common options.

    An unusable option of the group itself is a usage error, as for ``Command``.
    """

    command_class = Command
    may_be_empty: tuple[str, ...] = ()
    may_be_long: tuple[str, ...] = ()

    def __init__(self, *args: Any, examples: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples
        self.params += _common()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, and refuse unusable ones; see ``Command.parse_args``."""
        refuse_unusable(self, ctx, args)
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, then the epilog."""
        _write_examples(self.examples, formatter)
        super().format_epilog(ctx, formatter)


def _write_examples(examples: tuple[str, ...], formatter: click.HelpFormatter) -> None:
    if not examples:
        return
    title = "Examples" if len(examples) > 1 else "Example"
    with formatter.section(title):
        indent = " " * formatter.current_indent
        # An example is not wrapped as other help is, because people copy it as one line.
        for example in examples:
            formatter.write(f"{indent}{example}\n")


def _common() -> list[click.Parameter]:
    return [
        click.Option(
            ["-v", "--verbose"],
            count=True,
            expose_value=False,
            callback=_set_verbosity,
            help="Log to standard error; -vv logs more.",
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            callback=_set_debug,
            help="Log everything, and print the traceback of a bug.",
        ),
    ]


def _set_verbosity(
    context: click.Context,
    _: click.Parameter,
    value: int,
) -> None:
    # The option is accepted before and after the name of a command, so both are added up.
    context.ensure_object(CliContext).verbosity += value


def _set_debug(
    context: click.Context,
    _: click.Parameter,
    value: bool,
) -> None:
    context.ensure_object(CliContext).debug |= value


def _set_json(
    context: click.Context,
    _: click.Parameter,
    value: bool,
) -> None:
    context.ensure_object(CliContext).as_json |= value


raw_option = click.option(
    "--raw",
    is_flag=True,
    help="Leave texts in CSV as they are stored: formulas and control characters, too.",
)
"""The option ``--raw`` of the commands that print CSV."""

COUNT = click.IntRange(min=1, max=999_999_999)
"""A number of things. The largest is more than any store holds, and every database knows it."""


def json_option(text: str = "Print one JSON document.") -> Callable[[Any], Any]:
    """Return the option ``--json``, which sets ``CliContext.as_json``."""
    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        callback=_set_json,
        help=text,
    )


class Day(click.ParamType):  # type: ignore[type-arg]
    """A local date: 2026-05-01, today, yesterday, 30d (30 days ago) or 4w (4 weeks ago)."""

    name = "day"

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> date:
        """Return the date, or fail with examples of what can be typed."""
        if isinstance(value, date):
            return value
        try:
            return _day(str(value).strip().lower())
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is not a date; type a date such as 2026-05-01, today, yesterday, 30d "
                "(30 days ago) or 4w",
                param,
                ctx,
            )


def _day(text: str) -> date:
    today = datetime.now(UTC).astimezone().date()
    if text == "today":
        return today
    if text == "yesterday":
        return today - timedelta(days=1)
    ago = re.fullmatch(r"(\d{1,5})([dw])", text)
    if not ago:
        return date.fromisoformat(text)
    # The pattern allows five digits, so timedelta cannot overflow.
    number = int(ago[1])
    if ago[2] == "w":
        return today - timedelta(weeks=number)
    return today - timedelta(days=number)


class Length(click.ParamType):  # type: ignore[type-arg]
    """A distance: 20km, 12mi, or a number of meters."""

    name = "distance"

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return the distance in meters, or fail with examples of what can be typed."""
        text = str(value).strip().lower()
        match = re.fullmatch(r"(\d+(?:[.,]\d+)?)\s*(m|km|mi|)", text)
        if not match:
            self.fail(f"{value!r} is not a distance; type 20km, 12mi or 20000 (meters)", param, ctx)
        # Many Europeans type a decimal comma.
        meters = float(match[1].replace(",", ".")) * _LENGTHS[match[2]]
        if meters > _FARTHEST_M:
            self.fail(f"{value!r} is longer than any workout", param, ctx)
        return meters


class Span(click.ParamType):  # type: ignore[type-arg]
    """A length of time: 30m, 2h, 1d."""

    name = "time"

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return the length in seconds, or fail if it is not one or shorter than a minute."""
        match = re.fullmatch(r"(\d{1,6})\s*(s|m|min|h|d)", str(value).strip().lower())
        seconds = 0
        if match:
            seconds = int(match[1]) * _SPANS[match[2]]
        if not _SHORTEST_SPAN_S <= seconds <= _LONGEST_SPAN_S:
            self.fail(
                f"{value!r} is not a time between one minute and a century; type 30m, 2h or 1d",
                param,
                ctx,
            )
        return float(seconds)


def days_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options ``--since`` and ``--until``: local dates, both included."""
    function = click.option(
        "--until",
        type=Day(),
        metavar="DATE",
        help="Only up to and including this date: 2026-05-01, today, 30d.",
    )(function)
    return click.option(
        "--since",
        type=Day(),
        metavar="DATE",
        help="Only from this date on: 2026-05-01, yesterday, 30d (30 days ago), 4w.",
    )(function)
