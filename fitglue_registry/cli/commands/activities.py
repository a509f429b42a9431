"""``fitglue activities``: the list, as a table, JSON Lines or CSV."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli.command import Command, Length, days_options, json_option
from fitglue_registry.cli.face import Face, pass_face

if TYPE_CHECKING:
    from datetime import date

    from rich.table import Table

_ON_A_TERMINAL = 30
_WIDE = 110
_SPORT = 12


@click.command(cls=Command, examples=("fitglue activities --since 30d", "fitglue activities --sport ride --min-distance 100km",
                                      "fitglue activities --csv > all.csv"))
@days_options
@click.option("--sport", metavar="SPORT", help="Only this sport: Run, VirtualRide, …")
@click.option("--source", metavar="NAME", help="Only what this connection or source knows.")
@click.option("--text", metavar="TEXT", help="Only titles that contain this.")
@click.option("--min-distance", type=Length(), metavar="DISTANCE", help="Only these and longer: 20km, 12mi, 20000.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help=f"So many at most; on a terminal {_ON_A_TERMINAL} unless told.")
@json_option("Print JSON Lines.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values, SI units.")
@pass_face
def command(face: Face, *, since: date | None, until: date | None, sport: str | None, source: str | None, text: str | None,
            min_distance: float | None, limit: int | None, as_csv: bool) -> None:
    """List activities, newest first.

    The number in the first column is what other commands accept; so are `last`, a date, and an id at the source.
    """
    from fitglue_registry.store.reading import LISTED, Filter

    most = limit or (_ON_A_TERMINAL if sys.stdout.isatty() and not (as_csv or face.as_json) else None)
    # One more than is shown tells that there are more; to count them would read the whole history.
    found = face.host.activities(Filter(since, until, sport, source, text, min_distance, most and most + 1))
    shown = found[:most]
    if face.as_json:
        face.lines(shown)
    elif as_csv:
        face.csv((*LISTED, "sources"), ([*(row[name] for name in LISTED), " ".join(row["sources"])] for row in shown))
    elif shown:
        face.show(_table(face, shown))
        if len(found) > len(shown):
            face.note(f"There are more: --limit {2 * len(shown)} shows twice as many, --since 1y a whole year.")
    else:
        face.note(_why_nothing(face, sport))


def _why_nothing(face: Face, sport: str | None) -> str:
    from fitglue_registry.contract import nearest
    from fitglue_registry.model.sports import SPORTS

    if not face.host.connections():
        return "There is nothing yet. Next: fitglue connect intervals"
    near = nearest(sport, SPORTS) if sport and sport.lower() not in {name.lower() for name in SPORTS} else None
    return f"No activity matches{f'; did you mean --sport {near}?' if near else '. Is everything fetched? fitglue sync'}"


def _table(face: Face, found: list[dict[str, Any]]) -> Table:
    """Units stand in the headings; the sources are left out of a narrow table where there is but one."""
    from fitglue_registry.cli import table

    wide = face.width >= _WIDE
    several = len({name for row in found for name in row["sources"]}) > 1
    columns = ["#", "date", "sport", "title", "km", "time", "bpm", "W", "load", *(["sources"] if wide or several else [])]
    values = [_row(row, wide)[: len(columns)] for row in found]
    return table.rows(columns, values, width=face.width, right=("#", "km", "time", "bpm", "W", "load"), flexible="title")


def _row(row: dict[str, Any], wide: bool) -> list[Any]:
    from fitglue_registry.cli import numbers

    when = (row["start_local"] or row["start_utc"] or "")[: 16 if wide else 10].replace("T", " ")
    sport = row["sport"] or ""
    power = numbers.whole(row["average_watts"], estimated=row["power_kind"] == "estimated")
    seconds = row["moving_s"] if row["moving_s"] is not None else row["elapsed_s"]
    return [row["number"], when, sport if wide or len(sport) <= _SPORT else f"{sport[: _SPORT - 1]}…", row["title"] or "–",
            numbers.km(row["distance_m"]), numbers.clock(seconds), numbers.whole(row["average_heartrate_bpm"]), power,
            numbers.whole(row["training_load"]), ", ".join(row["sources"])]
