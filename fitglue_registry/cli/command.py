"""Classes and options that the commands share: help with examples, ``--json``, days, lengths."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli.context import CliContext
from fitglue_registry.errors import UserMistake

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SPANS = {
    "s": 1,
    "m": 60,
    "min": 60,
    "h": 3600,
    "d": 86400,
}
_SHORTEST_SPAN_S = 60
#: Unit → meters. 1,609.344 m is the international mile.
_LENGTHS = {
    "": 1.0,
    "m": 1.0,
    "km": 1000.0,
    "mi": 1609.344,
}


class Command(click.Command):
    """A command that shows ``examples`` below its help, with the options that all commands have.

    An empty argument or option is a usage error, unless ``may_be_empty`` names its parameter.
    """

    def __init__(
        self,
        *args: Any,
        examples: tuple[str, ...] = (),
        may_be_empty: tuple[str, ...] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples
        self.may_be_empty = may_be_empty
        self.params += _common()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, and refuse the empty ones.

        Raises:
            UserMistake: If an argument or the value of an option is empty (FG-usage).
        """
        _refuse_empty(self, ctx, args)
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, then the epilog."""
        _write_examples(self.examples, formatter)
        super().format_epilog(ctx, formatter)


class Group(click.Group):
    """A group of commands, with its own ``examples`` and common options.

    An empty option of the group itself is a usage error, as for ``Command``.
    """

    command_class = Command
    may_be_empty: tuple[str, ...] = ()

    def __init__(self, *args: Any, examples: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples
        self.params += _common()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, and refuse the empty ones; see ``Command.parse_args``."""
        _refuse_empty(self, ctx, args)
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, then the epilog."""
        _write_examples(self.examples, formatter)
        super().format_epilog(ctx, formatter)


def _refuse_empty(command: Command | Group, context: click.Context, args: list[str]) -> None:
    """Raise ``UserMistake`` if an argument or the value of an option is empty."""
    # An unset variable of a script gives an empty text, and Path("") is the current folder. The
    # texts are looked at before click converts them, because a path no longer shows it.
    typed, _, _ = command.make_parser(context).parse_args(list(args))
    for parameter in command.params:
        if parameter.name in command.may_be_empty or not _is_empty(typed, parameter):
            continue
        raise UserMistake(
            "FG-usage",
            f"{_name(parameter)} is empty",
            why="an unset variable in a script, for example, becomes an empty argument",
            fix=f"see: {context.command_path} --help",
        )


def _is_empty(typed: Mapping[str, Any], parameter: click.Parameter) -> bool:
    """Return whether the value, or one of several values, that was typed is an empty text.

    Spaces alone are empty, too: they are what is left of an unset variable between words.
    """
    value = typed.get(parameter.name or "")
    if isinstance(value, list | tuple):
        return any(map(_is_blank, value))
    return _is_blank(value)


def _is_blank(value: Any) -> bool:
    """Return whether a value is a text without anything but spaces."""
    return isinstance(value, str) and not value.strip()


def _name(parameter: click.Parameter) -> str:
    """Return the name of an argument or an option, as the help shows it."""
    if isinstance(parameter, click.Option):
        return parameter.opts[0]
    # Of "REF REF...", which asks for at least two, one is enough.
    name = parameter.human_readable_name.split()[0].removesuffix("...")
    if name.startswith("[") and name.endswith("]"):
        return name[1:-1]
    return name


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
        return float(match[1].replace(",", ".")) * _LENGTHS[match[2]]


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
        if seconds < _SHORTEST_SPAN_S:
            self.fail(
                f"{value!r} is not a time of at least one minute; type 30m, 2h or 1d", param, ctx
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
