"""``fitglue load``: training load, fitness, fatigue and form, as a plot and a table."""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING

import click

from fitglue_registry.cli.command import Command, days_options, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.layout import Hanging, Heading, Pairs, Rows, columns_of
from fitglue_registry.cli.sparkline import ASCII, BLOCKS, sparkline
from fitglue_registry.cli.text import count, speaks_unicode
from fitglue_registry.errors import FitglueError, StoreFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_registry.cli.layout import Document, Part

#: What is shown without --since.
_USUAL_DAYS = 84
#: A longer time is listed by week.
_LISTED_BY_DAY = 31
_NAMES = {
    "load": "load",
    "fitness": "fitness (CTL)",
    "fatigue": "fatigue (ATL)",
    "form": "form (TSB)",
}
#: The workouts without a load for which the reason is shown.
_EXPLAINED = 3
_COLUMNS = ("day", "workouts", "load", "fitness", "fatigue", "form", "ramp")
#: The columns that a line of the plot leaves to its label and its range.
_BESIDE_LINE = 38


@click.command(
    cls=Command,
    examples=(
        "fitglue load",
        "fitglue load --since 14d",
        "fitglue load --since 2026-01-01 --json",
    ),
)
@days_options
@json_option("Print JSON Lines, one for each day.")
@pass_cli
def command(
    cli: CliContext,
    *,
    since: date | None,
    until: date | None,
) -> None:
    """Show your training load, and the fitness, fatigue and form that follow from it.

    Fitness is the average load of about six weeks, fatigue that of about one week, form is fitness
    minus fatigue, and ramp is the change of the fitness within a week. Times of more than 31 days
    are listed by week; the last line of each is that of its last day.
    """
    _update(cli)
    rows = cli.host.load.days(since, until)
    if cli.as_json:
        cli.lines(rows)
        return
    if since is None:
        rows = rows[-_USUAL_DAYS:]
    if not rows:
        cli.note("There is no workout yet whose load could be shown. To get some: fitglue sync")
        return
    cli.show(*_plot(rows, cli.width), "", _table(rows))
    first, last = (date.fromisoformat(row["day"]) for row in (rows[0], rows[-1]))
    cli.show(*_missing(cli.host.load.missing(first, last)))


def _update(cli: CliContext) -> None:
    """Compute the loads that no source states; without the booster, those of sources are shown."""
    try:
        cli.host.load.update()
    except StoreFailed:
        raise
    except FitglueError as error:
        fix = f"; {error.fix}" if error.fix else ""
        cli.note(f"Only loads that a source states are shown: {error.what}{fix}")


def _missing(rows: list[Document]) -> Iterator[Part]:
    """Yield how many workouts have no load, and why the newest of them have none."""
    if not rows:
        return
    have = "has" if len(rows) == 1 else "have"
    yield ""
    yield f"{count(len(rows), 'workout')} of these days {have} no training load."
    for row in rows[:_EXPLAINED]:
        reason = " ".join(row["notes"]) or "No booster has computed one."
        yield Hanging(f"  {row['number']}", reason)
    if len(rows) > _EXPLAINED:
        yield f"  and {len(rows) - _EXPLAINED} more"


def _plot(rows: list[Document], width: int) -> Iterator[Part]:
    """Yield a line for each figure, with its range."""
    blocks = BLOCKS if speaks_unicode(sys.stdout) else ASCII
    yield Heading("Training load", f"{rows[0]['day']} to {rows[-1]['day']}")
    lines = []
    for key, label in _NAMES.items():
        values = [row[key] for row in rows]
        line = sparkline(values, max(width - _BESIDE_LINE, 20), blocks)
        span = f"{min(values):.0f} to {max(values):.0f}"
        lines.append((label, line, span))
    yield Pairs(lines)


def _table(rows: list[Document]) -> Rows:
    columns = columns_of(_COLUMNS, right=_COLUMNS[1:])
    if len(rows) <= _LISTED_BY_DAY:
        return Rows(columns, [_line(row["day"], [row]) for row in rows])
    columns = columns_of(("week from", *_COLUMNS[1:]), right=_COLUMNS[1:])
    return Rows(columns, [_line(week[0]["day"], week) for week in _weeks(rows)])


def _weeks(rows: Iterable[Document]) -> Iterator[list[Document]]:
    """Yield the days of each week, which begins on Monday, as in ISO 8601."""
    week: list[Document] = []
    for row in rows:
        if week and date.fromisoformat(row["day"]).weekday() == 0:
            yield week
            week = []
        week.append(row)
    yield week


def _line(day: str, rows: list[Document]) -> list[str]:
    """Return a line of the table: sums of some days, and the state on the last of them."""
    last = rows[-1]
    workouts = sum(row["activities"] for row in rows)
    return [
        day,
        str(workouts or ""),
        f"{sum(row['load'] for row in rows):.0f}" if workouts else "",
        f"{last['fitness']:.1f}",
        f"{last['fatigue']:.1f}",
        f"{last['form']:+.1f}",
        "" if last["ramp"] is None else f"{last['ramp']:+.1f}",
    ]
