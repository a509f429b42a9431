"""``fitglue activities``: lists activities as a table, JSON Lines or CSV, and edits one."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli import numbers
from fitglue_registry.cli.activity_csv import print_activities
from fitglue_registry.cli.command import (
    COUNT,
    Group,
    Length,
    days_options,
    json_option,
    raw_option,
)
from fitglue_registry.cli.context import CliContext, pass_cli
from fitglue_registry.cli.layout import DETAIL, Hanging, Heading, Pairs, Rows, columns_of
from fitglue_registry.cli.starts import is_in_utc, start_day, start_minute
from fitglue_registry.cli.text import short_hashes, short_id, short_title
from fitglue_registry.cli.values import is_empty_zero
from fitglue_registry.model import CROP, is_cropped
from fitglue_registry.model.sports import NO_WORKOUT
from fitglue_registry.services import Filter
from fitglue_registry.services.connecting.first import FIRST_CONNECT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.cli.layout import Document
    from fitglue_registry.services.reading import ActivityDetails

#: The number of activities that are listed on a terminal without --limit.
_ON_A_TERMINAL = 30
#: A screen of at least this width has room for times and the names of sources.
_WIDE = 110
#: The width of a wide row without sources, if its title keeps at least twenty characters.
_BESIDE_SOURCES = 91
_SPORT = 12
_COLUMNS = ("#", "date", "sport", "title", "km", "time", "bpm", "W", "load")
#: The characters that a title keeps on a narrow screen, and the columns that make room for it.
_SHORTEST_TITLE = 12
_DROPPED_FIRST = ("load", "W", "bpm", "sources", "sport", "time", "km")
_HELD = (
    "If you deleted them at their source: fitglue sync NAME --confirm-deletions. If not, there is "
    "nothing to do: they stay here, and each sync looks for them again."
)
#: How many held workouts without an activity are listed.
_OTHERS_SHOWN = 20
#: Fields that have an option of their own in `edit`.
_OPTIONS = ("title", "sport", "description")
_NUMBERS = frozenset(
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
@click.option("--source", metavar="NAME", help="Only activities of this connection or source.")
@click.option("--text", metavar="TEXT", help="Only activities whose title contains this text.")
@click.option(
    "--min-distance",
    "min_distance_m",
    type=Length(),
    metavar="DISTANCE",
    help="Only activities of at least this distance: 20km, 12mi, 20000 (meters).",
)
@click.option(
    "--remarks",
    is_flag=True,
    help="Only activities for which a source says that something is missing or in doubt.",
)
@click.option(
    "--held",
    is_flag=True,
    help="Only activities that vanished from their source with many others, and were kept.",
)
@click.option(
    "--limit",
    type=COUNT,
    metavar="N",
    help=f"List at most N activities (default on a terminal: {_ON_A_TERMINAL}).",
)
@json_option("Print JSON Lines.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values, in SI units.")
@raw_option
@click.pass_context
def command(
    context: click.Context,
    /,
    *,
    as_csv: bool,
    raw: bool,
    **wanted: Any,
) -> None:
    """List activities, newest first, or edit one.

    Other commands accept the number in the first column as REF. They also accept `last`, a date,
    and the id of the activity at its source.
    """
    if raw and not as_csv:
        raise click.UsageError("--raw can be used only with --csv")
    if context.invoked_subcommand is None:
        _list(context.ensure_object(CliContext), Filter(**wanted), as_csv=as_csv, raw=raw)


def _list(
    cli: CliContext,
    wanted: Filter,
    *,
    as_csv: bool,
    raw: bool,
) -> None:
    is_table = not (as_csv or cli.as_json)
    limit = wanted.limit
    if limit is None and is_table and sys.stdout.isatty():
        limit = _ON_A_TERMINAL
    if limit is not None:
        # One activity more than is shown reveals whether there are more. Counting them would read
        # the whole history.
        wanted = replace(wanted, limit=limit + 1)
    activities = cli.host.activities(wanted)
    shown = activities[:limit]
    if cli.as_json:
        cli.lines(shown)
        # A script sees that these have no activity, because they have no number.
        cli.lines([{"number": None, **record} for record in _others_held(cli, wanted)])
    elif as_csv:
        print_activities(cli, shown, raw=raw)
    elif not shown and not _show_others_held(cli, wanted):
        cli.note(_why_nothing(cli, wanted))
    elif not shown:
        cli.note(_HELD)
    else:
        cli.show(_table(shown, cli.width))
        _show_others_held(cli, wanted)
        if len(activities) > len(shown):
            twice = 2 * len(shown)
            cli.note(f"There are more. To see twice as many, add --limit {twice}.")
        for note in _notes(wanted, shown):
            cli.note(note)


def _show_others_held(cli: CliContext, wanted: Filter) -> bool:
    """Print the held workouts that have no activity, and return whether there are any."""
    others = _others_held(cli, wanted)
    for record in others[:_OTHERS_SHOWN]:
        external_id = short_id(record["external_id"])
        day = (record["start_local"] or record["start_utc"] or "")[:10]
        of_day = f" of {day}" if day else ""
        what = f"{record['connection']}/{external_id}{of_day} has no activity"
        cli.show(Hanging(DETAIL, f"{what}; to see why: fitglue why {external_id}", indent=0))
    more = len(others) - _OTHERS_SHOWN
    if more > 0:
        cli.show(Hanging(DETAIL, f"and {more:,} more without an activity", indent=0))
    return bool(others)


def _others_held(cli: CliContext, wanted: Filter) -> list[Document]:
    """Return the held workouts that have no activity.

    They are counted wherever held deletions are counted. A filter for what only activities have
    leaves them out.
    """
    if not wanted.held or replace(wanted, held=False, limit=None) != Filter():
        return []
    return cli.host.records.held()


def _notes(wanted: Filter, shown: list[Document]) -> Iterator[str]:
    """Yield what a reader of the table may need to know."""
    if wanted.remarks:
        yield "For the remarks about one of them: fitglue why NUMBER"
    if wanted.held:
        yield _HELD
    if any(activity["start_is_estimated"] for activity in shown):
        yield "?: the clock of the device was not set, so the start is not known."
    if any(activity["sport"] in NO_WORKOUT for activity in shown):
        yield "Transitions are legs of a multisport event, and are not counted as activities."
    if any(map(is_in_utc, shown)):
        yield "UTC: the zone is unknown. To use yours: fitglue settings timezone ZONE"


def _why_nothing(cli: CliContext, wanted: Filter) -> str:
    if not cli.host.connections.list():
        return f"No activities yet. Next: {FIRST_CONNECT}"
    if wanted.sport:
        near = cli.host.activities.nearest_sport(wanted.sport)
        if near:
            return f"No activity matches; did you mean --sport {near}?"
    if wanted.remarks:
        return "No activity with remarks."
    if wanted.held:
        return "No deletion is held."
    return "No activity matches. If some are missing, run: fitglue sync"


def _table(activities: list[Document], width: int) -> Rows:
    """Return the table of activities; its headings contain the units.

    The sources of an activity are named if there is room, else counted. The column is left out if
    all activities are from one source.
    """
    is_wide = width >= _WIDE
    rows = [_row(activity, is_wide=is_wide) for activity in activities]
    sources = [activity["sources"] for activity in activities]
    several = len(set(chain.from_iterable(sources))) > 1
    if not (is_wide or several):
        return _that_fit(_COLUMNS, rows, _NUMBERS, width)

    numeric = _NUMBERS
    names = [", ".join(each) for each in sources]
    if not is_wide or max(map(len, names)) > width - _BESIDE_SOURCES:
        names = [str(len(each)) for each in sources]
        numeric |= {"sources"}
    for row, text in zip(rows, names, strict=True):
        row.append(text)
    return _that_fit((*_COLUMNS, "sources"), rows, numeric, width)


def _that_fit(
    names: tuple[str, ...],
    rows: list[list[Any]],
    right: frozenset[str],
    width: int,
) -> Rows:
    """Return the table without the columns for which a narrow screen has no room.

    The number of an activity is never cut, because other commands need it, and the title keeps a
    length at which activities can be told apart.
    """
    widths = {}
    for name, *cells in zip(names, *rows, strict=True):
        widths[name] = max(len(str(cell)) for cell in (name, *cells))
    widths["title"] = min(widths["title"], _SHORTEST_TITLE)
    kept = list(names)
    for name in _DROPPED_FIRST:
        # There are two spaces between columns.
        if sum(widths[each] + 2 for each in kept) - 2 <= width:
            break
        if name in kept:
            kept.remove(name)
    columns = columns_of(kept, right=right, flexible="title")
    places = [names.index(name) for name in kept]
    return Rows(columns, [[row[place] for place in places] for row in rows])


def _row(activity: Document, *, is_wide: bool) -> list[Any]:
    sport = activity["sport"] or ""
    if not is_wide and len(sport) > _SPORT:
        sport = f"{sport[: _SPORT - 1]}…"
    seconds = activity["moving_s"]
    if seconds is None:
        seconds = activity["elapsed_s"]
    is_estimated = activity["power_kind"] == "estimated"
    return [
        activity["number"],
        # 80 columns have no room for the time of day.
        start_minute(activity) if is_wide else start_day(activity),
        sport,
        short_title(activity["title"]) if activity["title"] else "–",
        numbers.km(_distance_m(activity)),
        numbers.clock(seconds),
        numbers.whole(activity["average_heartrate_bpm"]),
        numbers.whole(activity["average_watts"], estimated=is_estimated),
        numbers.whole(activity["training_load"]),
    ]


def _distance_m(activity: Document) -> float | None:
    """Return the distance; ``None`` for the zero of a sport without distance."""
    meters: float | None = activity["distance_m"]
    return None if is_empty_zero("distance_m", meters, activity["sport"]) else meters


class _Pair(click.ParamType):  # type: ignore[type-arg]
    """An argument FIELD=TEXT, as a pair of field and text."""

    name = "pair"

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, str]:
        """Return the two sides, or fail with an example of what can be typed."""
        field, equals, text = str(value).partition("=")
        if not equals or not field.strip():
            self.fail(
                f"{value!r} is not of the form FIELD=VALUE, such as distance_m=42195", param, ctx
            )
        return field.strip().replace("-", "_"), text


@command.command(
    "edit",
    short_help="Change values of one activity, or choose their source.",
    examples=(
        "fitglue activities edit 12 --title 'Round the lake' --sport TrailRun",
        "fitglue activities edit last --set distance_m=42195 --set race=true",
        "fitglue activities edit 12 --from streams=garmin-archive --reset title",
        "fitglue activities edit 12 --reset crop",
    ),
    # An empty text clears the field.
    may_be_empty=("title", "description"),
    may_be_long=("title", "description", "values"),
)
@click.argument("reference", metavar="REF")
@click.option("--title", metavar="TEXT", help="Change the title.")
@click.option("--sport", metavar="SPORT", help="Change the sport: Run, VirtualRide, …")
@click.option("--description", metavar="TEXT", help="Change the description.")
@click.option(
    "--set",
    "values",
    type=_Pair(),
    multiple=True,
    metavar="FIELD=VALUE",
    help="Set a field, in SI units; FIELD= clears it.",
)
@click.option(
    "--from",
    "sources",
    type=_Pair(),
    multiple=True,
    metavar="FIELD=NAME",
    help="Take a field from this connection.",
)
@click.option(
    "--reset",
    multiple=True,
    metavar="FIELD",
    help="Remove your change of a field; `all` removes all your changes. `crop` undoes a crop that "
    "was made at a service; --set crop=true applies it again.",
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
    **options: str | None,
) -> None:
    """Change values of the activity REF, or choose which source a value comes from.

    Your changes take precedence over every source. They survive every sync and rebuild, and the
    merging and splitting of activities. The values of the sources are kept. The fields are those of
    `fitglue show REF --json`.
    """
    changes = {}
    for name in _OPTIONS:
        text = options[name]
        if text is not None:
            changes[name] = text
    if not (changes or values or sources or reset):
        raise click.UsageError("nothing to change; add --title, --sport, --set, --from or --reset")
    # Fields may be typed like options, with hyphens.
    by_rules = [name.replace("-", "_") for name in reset]
    values_by_field = _by_field([*changes.items(), *values])
    details = cli.host.decisions.edit(reference, values_by_field, _by_field(sources), by_rules)
    if cli.as_json:
        cli.document(cli.host.activities.document(details))
    else:
        fields = [name for name, _ in (*values, *sources)]
        _show_edited(cli, details, [*changes, *fields, *reset])


def _by_field(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return pairs by field; of two values for one field, only one can be meant."""
    by_field: dict[str, str] = {}
    for field, text in pairs:
        if field in by_field:
            raise click.UsageError(f"{field} is given twice; give it once")
        by_field[field] = text
    return by_field


def _show_edited(
    cli: CliContext,
    details: ActivityDetails,
    fields: list[str],
) -> None:
    suppliers = cli.host.why(str(details.number))["values_from"]
    lines = []
    for name in fields:
        if name == "all":
            lines.append(("all fields", "your changes are removed", ""))
            continue
        if name == CROP:
            is_applied = is_cropped(details.activity)
            lines.append((name, "applied" if is_applied else "undone", ""))
            continue
        # Only fields that differ from the main source are listed by name.
        supplier = short_hashes(suppliers.get(name, suppliers["everything else"]))
        lines.append((name, _edited_value(details, name), f"from {supplier}"))
    title = short_title(details.activity.title)
    cli.show(Heading(f"{details.number}  {title}"), Pairs(lines))


def _edited_value(details: ActivityDetails, name: str) -> str:
    if name == "streams":
        return ""
    value = getattr(details.activity, name, None)
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int | float):
        return str(value)
    return "…"
