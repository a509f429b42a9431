"""``fitglue activities``: the list, as a table, JSON Lines or CSV; and ``edit``, by which the
athlete's own values come in.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli import numbers
from fitglue_registry.cli.activity_csv import print_activities
from fitglue_registry.cli.command import Group, Length, days_options, json_option
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.layout import Heading, Pairs, Rows, columns_of
from fitglue_registry.cli.text import short_hashes
from fitglue_registry.services import Filter

if TYPE_CHECKING:
    from fitglue_registry.cli.layout import Document
    from fitglue_registry.services.reading import ActivityDetails

_ON_A_TERMINAL = 30
_WIDE = 110
#: The width of a wide row without sources, its title not cut to less than twenty.
_BESIDE_SOURCES = 91
_SPORT = 12
#: The lengths of a day, and of a moment to the minute.
_DAY = 10
_MINUTE = 16
_COLUMNS = ("#", "date", "sport", "title", "km", "time", "bpm", "W", "load")
#: Fields that have an option of their own.
_OWN = ("title", "sport", "description")
_FIGURES = frozenset(
    {
        "#",
        "km",
        "time",
        "bpm",
        "W",
        "load",
    }
)


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
    "min_distance_m",
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
def command(context: click.Context, /, *, as_csv: bool, **wanted: Any) -> None:
    """List activities, newest first, or edit one.

    The number in the first column is what other commands accept; so are `last`, a date, and an id
    at the source.
    """
    if context.invoked_subcommand is None:
        _list(context.ensure_object(CliContext), Filter(**wanted), as_csv=as_csv)


def _list(
    cli: CliContext,
    wanted: Filter,
    *,
    as_csv: bool,
) -> None:
    is_for_people = not (as_csv or cli.as_json)
    limit = wanted.limit
    if limit is None and is_for_people and sys.stdout.isatty():
        limit = _ON_A_TERMINAL
    if limit is not None:
        # One more than is shown tells that there are more; to count them would read all of them.
        wanted = replace(wanted, limit=limit + 1)
    activities = cli.host.activities(wanted)
    shown = activities[:limit]
    if cli.as_json:
        cli.lines(shown)
    elif as_csv:
        print_activities(cli, shown)
    elif not shown:
        cli.note(_why_nothing(cli, wanted.sport))
    else:
        cli.show(_table(shown, cli.width))
        if len(activities) > len(shown):
            twice = 2 * len(shown)
            cli.note(
                f"There are more: --limit {twice} shows twice as many, --since 1y a whole year."
            )


def _why_nothing(cli: CliContext, sport: str | None) -> str:
    if not cli.host.connections.list():
        return "There is nothing yet. Next: fitglue connect intervals"
    if sport:
        near = cli.host.activities.nearest_sport(sport)
        if near:
            return f"No activity matches; did you mean --sport {near}?"
    return "No activity matches. Is everything fetched? fitglue sync"


def _table(activities: list[Document], width: int) -> Rows:
    """Units are in the headings; sources are counted where there is no room for names, and left
    out where there is but one.
    """
    is_wide = width >= _WIDE
    rows = [_row(activity, is_wide=is_wide) for activity in activities]
    sources = [activity["sources"] for activity in activities]
    several = len(set(chain.from_iterable(sources))) > 1
    if not (is_wide or several):
        columns = columns_of(
            _COLUMNS,
            right=_FIGURES,
            flexible="title",
        )
        return Rows(columns, rows)

    figures = _FIGURES
    names = [", ".join(each) for each in sources]
    if not is_wide or max(map(len, names)) > width - _BESIDE_SOURCES:
        names = [str(len(each)) for each in sources]
        figures |= {"sources"}
    for row, text in zip(rows, names, strict=True):
        row.append(text)
    columns = columns_of(
        (*_COLUMNS, "sources"),
        right=figures,
        flexible="title",
    )
    return Rows(columns, rows)


def _row(activity: Document, *, is_wide: bool) -> list[Any]:
    start = (activity["start_local"] or activity["start_utc"] or "").replace("T", " ")
    sport = activity["sport"] or ""
    if not is_wide:
        start = start[:_DAY]
        if len(sport) > _SPORT:
            sport = f"{sport[: _SPORT - 1]}…"
    seconds = activity["moving_s"]
    if seconds is None:
        seconds = activity["elapsed_s"]
    is_estimated = activity["power_kind"] == "estimated"
    return [
        activity["number"],
        start[:_MINUTE],
        sport,
        activity["title"] or "–",
        numbers.km(activity["distance_m"]),
        numbers.clock(seconds),
        numbers.whole(activity["average_heartrate_bpm"]),
        numbers.whole(activity["average_watts"], estimated=is_estimated),
        numbers.whole(activity["training_load"]),
    ]


class _Pair(click.ParamType):  # type: ignore[type-arg]
    """``FIELD=SOMETHING``, as a pair."""

    name = "pair"

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,
        ctx: click.Context | None,
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
    /,
    *,
    reference: str,
    values: tuple[tuple[str, str], ...],
    sources: tuple[tuple[str, str], ...],
    reset: tuple[str, ...],
    **own: str | None,
) -> None:
    """Give the activity REF values of your own, or say which source a value comes from.

    What you choose wins over every source, and stays: after every sync and rebuild, and when
    activities are merged or split. What the sources said is kept beside it. The fields are those of
    `fitglue show REF --json`.
    """
    given = {}
    for name in _OWN:
        text = own[name]
        if text is not None:
            given[name] = text
    if not (given or values or sources or reset):
        raise click.UsageError(
            "there is nothing to change; add --title, --sport, --set, --from or --reset"
        )
    by_rules = [name.replace("-", "_") for name in reset]
    values_by_field = given | dict(values)
    details = cli.host.decisions.edit(reference, values_by_field, dict(sources), by_rules)
    if cli.as_json:
        cli.document(cli.host.activities.document(details))
    else:
        chosen = [name for name, _ in (*values, *sources)]
        _show_edited(cli, details, [*given, *chosen, *reset])


def _show_edited(
    cli: CliContext,
    details: ActivityDetails,
    fields: list[str],
) -> None:
    givers = cli.host.why(str(details.number))["values_from"]
    lines = []
    for name in fields:
        giver = "the rules, field by field"
        if name != "all":
            giver = short_hashes(givers.get(name, givers["everything else"]))
        lines.append((name, _edited_value(details, name), f"from {giver}"))
    title = details.activity.title or "untitled"
    cli.show(Heading(f"{details.number}  {title}"), Pairs(lines))


def _edited_value(details: ActivityDetails, name: str) -> str:
    if name in ("all", "streams"):
        return ""
    value = getattr(details.activity, name, None)
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int | float):
        return str(value)
    return "…"
