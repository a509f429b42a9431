"""``fitglue activities``: the list, as a table, JSON Lines or CSV; and ``edit``, by which the
athlete's own values come in.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli.command import Group, Length, days_options, json_option
from fitglue_registry.cli.context import CliContext, pass_cli

if TYPE_CHECKING:
    from datetime import date

    from rich.table import Table

    from fitglue_registry.store.activity_details import ActivityDetails
    from fitglue_registry.store.lists import Filter

_ON_A_TERMINAL = 30
_WIDE = 110
#: The width of a wide row without sources, its title not cut to less than twenty.
_BESIDE_SOURCES = 91
_SPORT = 12


@click.group(
    cls=Group,
    invoke_without_command=True,
    examples=(
        "fitglue activities --since 30d",
        "fitglue activities --sport ride --min-distance 100km",
        "fitglue activities --csv > all.csv",
        "fitglue activities edit 12 --title 'Round the lake'",
    ),
)
@days_options
@click.option("--sport", metavar="SPORT", help="Only this sport: Run, VirtualRide, …")
@click.option("--source", metavar="NAME", help="Only what this connection or source knows.")
@click.option("--text", metavar="TEXT", help="Only titles that contain this.")
@click.option(
    "--min-distance",
    type=Length(),
    metavar="DISTANCE",
    help="Only these and longer: 20km, 12mi, 20000.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"So many at most; on a terminal {_ON_A_TERMINAL} unless told.",
)
@json_option("Print JSON Lines.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values, SI units.")
@click.pass_context
def command(
    context: click.Context,
    *,
    since: date | None,
    until: date | None,
    sport: str | None,
    source: str | None,
    text: str | None,
    min_distance: float | None,
    limit: int | None,
    as_csv: bool,
) -> None:
    """List activities, newest first, or edit one.

    The number in the first column is what other commands accept; so are `last`, a date, and an id
    at the source.
    """
    if context.invoked_subcommand is None:
        from fitglue_registry.store.lists import Filter

        _list(
            context.ensure_object(CliContext),
            Filter(since, until, sport, source, text, min_distance, limit),
            as_csv=as_csv,
        )


def _list(cli: CliContext, wanted: Filter, *, as_csv: bool) -> None:
    from fitglue_registry.store.lists import LISTED

    limit = wanted.limit
    most = limit or (
        _ON_A_TERMINAL if sys.stdout.isatty() and not (as_csv or cli.as_json) else None
    )
    # One more than is shown tells that there are more; to count them would read the whole history.
    found = cli.host.activities(replace(wanted, limit=most and most + 1))
    shown = found[:most]
    if cli.as_json:
        cli.lines(shown)
    elif as_csv:
        cli.csv(
            (*LISTED, "sources"),
            ([*(row[name] for name in LISTED), " ".join(row["sources"])] for row in shown),
        )
    elif shown:
        cli.show(_table(cli, shown))
        if len(found) > len(shown):
            cli.note(
                f"There are more: --limit {2 * len(shown)} shows twice as many, --since 1y a "
                "whole year."
            )
    else:
        cli.note(_why_nothing(cli, wanted.sport))


def _why_nothing(cli: CliContext, sport: str | None) -> str:
    from fitglue_registry.model.sports import SPORTS
    from fitglue_registry.validation.wording import nearest

    if not cli.host.connections.list():
        return "There is nothing yet. Next: fitglue connect intervals"
    near = (
        nearest(sport, SPORTS)
        if sport and sport.lower() not in {name.lower() for name in SPORTS}
        else None
    )
    return (
        "No activity "
        f"matches{f'; did you mean --sport {near}?' if near else '. Is everything fetched? fitglue sync'}"
    )


def _table(cli: CliContext, found: list[dict[str, Any]]) -> Table:
    """Units stand in the headings; sources are counted where there is no room for names, and left
    out where there is but one.
    """
    from fitglue_registry.cli import table

    wide = cli.width >= _WIDE
    several = len({name for row in found for name in row["sources"]}) > 1
    named = (
        wide and max(len(", ".join(row["sources"])) for row in found) <= cli.width - _BESIDE_SOURCES
    )
    columns = [
        "#",
        "date",
        "sport",
        "title",
        "km",
        "time",
        "bpm",
        "W",
        "load",
        *(["sources"] if wide or several else []),
    ]
    values = [
        [*_row(row, wide), ", ".join(row["sources"]) if named else len(row["sources"])][
            : len(columns)
        ]
        for row in found
    ]
    figures = ("#", "km", "time", "bpm", "W", "load", *(() if named else ("sources",)))
    return table.rows(columns, values, width=cli.width, right=figures, flexible="title")


def _row(row: dict[str, Any], wide: bool) -> list[Any]:
    from fitglue_registry.cli import numbers

    when = (row["start_local"] or row["start_utc"] or "")[: 16 if wide else 10].replace("T", " ")
    sport = row["sport"] or ""
    power = numbers.whole(row["average_watts"], estimated=row["power_kind"] == "estimated")
    seconds = row["moving_s"] if row["moving_s"] is not None else row["elapsed_s"]
    return [
        row["number"],
        when,
        sport if wide or len(sport) <= _SPORT else f"{sport[: _SPORT - 1]}…",
        row["title"] or "–",
        numbers.km(row["distance_m"]),
        numbers.clock(seconds),
        numbers.whole(row["average_heartrate_bpm"]),
        power,
        numbers.whole(row["training_load"]),
    ]


class _Pair(click.ParamType):  # type: ignore[type-arg]
    """``FIELD=SOMETHING``, as a pair."""

    name = "pair"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """The two sides; fails with what it may look like."""
        field, equals, text = str(value).partition("=")
        if not equals or not field.strip():
            self.fail(f"{value!r} is no pair; type distance_m=42195", param, ctx)
        return field.strip().replace("-", "_"), text


@command.command(
    "edit",
    short_help="Set values of one activity, or choose their source.",
    examples=(
        "fitglue activities edit 12 --title 'Round the lake' --sport TrailRun",
        "fitglue activities edit last --set distance_m=42195 --set race=true",
        "fitglue activities edit 12 --from streams=garmin-archive --reset title",
    ),
)
@click.argument("reference", metavar="REF")
@click.option("--title", metavar="TEXT", help="Another title.")
@click.option("--sport", metavar="SPORT", help="Another sport: Run, VirtualRide, …")
@click.option("--description", metavar="TEXT", help="Another description.")
@click.option(
    "--set",
    "values",
    type=_Pair(),
    multiple=True,
    metavar="FIELD=VALUE",
    help="A value, in SI units; nothing after = clears it.",
)
@click.option(
    "--from",
    "sources",
    type=_Pair(),
    multiple=True,
    metavar="FIELD=NAME",
    help="Take the field from this connection.",
)
@click.option(
    "--reset",
    multiple=True,
    metavar="FIELD",
    help="Leave the field to the rules again; all: every field.",
)
@json_option()
@pass_cli
def edit(
    cli: CliContext,
    *,
    reference: str,
    title: str | None,
    sport: str | None,
    description: str | None,
    values: tuple[tuple[str, str], ...],
    sources: tuple[tuple[str, str], ...],
    reset: tuple[str, ...],
) -> None:
    """Give the activity REF values of your own, or say which source a value comes from.

    What you choose wins over every source, and stays: after every sync and rebuild, and when
    activities are merged or split. What the sources said is kept beside it. The fields are those of
    `fitglue show REF --json`.
    """
    own = {
        name: text
        for name, text in (("title", title), ("sport", sport), ("description", description))
        if text is not None
    }
    if not (own or values or sources or reset):
        raise click.UsageError(
            "there is nothing to change; add --title, --sport, --set, --from or --reset"
        )
    found = cli.host.decisions.edit(
        reference, own | dict(values), dict(sources), [name.replace("-", "_") for name in reset]
    )
    if cli.as_json:
        cli.document(cli.host.activities.document(found))
    else:
        _show_edited(cli, found, [*own, *(name for name, _ in (*values, *sources)), *reset])


def _show_edited(cli: CliContext, found: ActivityDetails, fields: list[str]) -> None:
    from fitglue_registry.cli.table import heading, pairs
    from fitglue_registry.cli.text import short_hashes

    told = cli.host.why(str(found.number))["values_from"]
    lines = []
    for name in fields:
        value = getattr(found.activity, name, None)
        plain = (
            ("yes" if value else "no")
            if isinstance(value, bool)
            else value
            if isinstance(value, str | int | float)
            else "…"
        )
        shown = "" if name in ("all", "streams") else "–" if value is None else plain
        giver = (
            "the rules, field by field"
            if name == "all"
            else short_hashes(told.get(name, told["everything else"]))
        )
        lines.append((name, shown, f"from {giver}"))
    cli.show(heading(f"{found.number}  {found.activity.title or 'untitled'}"), pairs(lines))
