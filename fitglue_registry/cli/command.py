"""The options that commands share, the values that people type, and how a command shows its
examples.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

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
_LENGTHS = {
    "": 1.0,
    "m": 1.0,
    "km": 1000.0,
    "mi": 1609.344,
}


class Command(click.Command):
    """A command with ``examples`` under its help, and the options that all have."""

    def __init__(self, *args: Any, examples: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples
        self.params += _common()

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, then whatever else stands below."""
        _write_examples(self.examples, formatter)
        super().format_epilog(ctx, formatter)


class Group(click.Group):
    """A group of such commands; called alone it does what its own function does."""

    command_class = Command

    def __init__(self, *args: Any, examples: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples
        self.params += _common()

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, then whatever else stands below."""
        _write_examples(self.examples, formatter)
        super().format_epilog(ctx, formatter)


def _write_examples(examples: tuple[str, ...], formatter: click.HelpFormatter) -> None:
    if not examples:
        return
    title = "Examples" if len(examples) > 1 else "Example"
    with formatter.section(title):
        indent = " " * formatter.current_indent
        for example in examples:
            formatter.write(f"{indent}{example}\n")


def _common() -> list[click.Parameter]:
    return [
        click.Option(
            ["-v", "--verbose"],
            count=True,
            expose_value=False,
            callback=_set_verbosity,
            help="Log what is done to standard error; -vv logs everything.",
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            callback=_set_debug,
            help="Log all of it, and print a bug's traceback.",
        ),
    ]


def _set_verbosity(
    context: click.Context,
    _: click.Parameter,
    value: int,
) -> None:
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
    """``--json``, kept in the context."""
    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        callback=_set_json,
        help=text,
    )


class Day(click.ParamType):  # type: ignore[type-arg]
    """A local day: 2026-05-01, today, yesterday, or so long ago: 30d, 4w."""

    name = "day"

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> date:
        """The day; fails with what it may look like."""
        if isinstance(value, date):
            return value
        try:
            return _day(str(value).strip().lower())
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is no day; type 2026-05-01, today, yesterday, 30d or 4w", param, ctx
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
    number = int(ago[1])
    if ago[2] == "w":
        return today - timedelta(weeks=number)
    return today - timedelta(days=number)


class Length(click.ParamType):  # type: ignore[type-arg]
    """A distance: 20km, 12mi, or metres."""

    name = "distance"

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Metres; fails with what it may look like."""
        text = str(value).strip().lower()
        match = re.fullmatch(r"(\d+(?:[.,]\d+)?)\s*(m|km|mi|)", text)
        if not match:
            self.fail(f"{value!r} is no distance; type 20km, 12mi or 20000", param, ctx)
        return float(match[1].replace(",", ".")) * _LENGTHS[match[2]]


class Span(click.ParamType):  # type: ignore[type-arg]
    """A stretch of time: 30m, 2h, 1d."""

    name = "time"

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Seconds, a minute at least; fails with what it may look like."""
        match = re.fullmatch(r"(\d{1,6})\s*(s|m|min|h|d)", str(value).strip().lower())
        seconds = 0
        if match:
            seconds = int(match[1]) * _SPANS[match[2]]
        if seconds < _SHORTEST_SPAN_S:
            self.fail(f"{value!r} is no time of a minute or more; type 30m, 2h or 1d", param, ctx)
        return float(seconds)


def days_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--since`` and ``--until``, local days, both included."""
    function = click.option(
        "--until", type=Day(), metavar="DAY", help="The newest day; 2026-05-01, today, 30d, 4w."
    )(function)
    return click.option(
        "--since", type=Day(), metavar="DAY", help="The oldest day; 2026-05-01, yesterday, 30d, 4w."
    )(function)
