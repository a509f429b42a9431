"""The exports of TrainingPeaks: a record a row of ``workouts.csv``, joined with a file where day
and duration leave no doubt.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from fitglue_files import loose
from fitglue_files.archives.joining import workouts_of
from fitglue_files.archives.layout import Layout, no_archive, present
from fitglue_files.archives.numbers import natural, number, positive
from fitglue_files.archives.strava_table import read_header, read_table
from fitglue_files.containers import Box, Member, Refusal
from fitglue_files.fetching import Seen, remember
from fitglue_files.looking import Look, Looks, census, promises, unusable
from fitglue_files.notes import Notes
from fitglue_files.paths import paths_of
from fitglue_files.wording import between_years, counted, left_out
from fitglue_registry.errors import Place, RecordRefused
from fitglue_registry.model import SourceActivity, TrainingLoad, canonical_sport, claim, family
from fitglue_registry.plugin_api import Account, Listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fitglue_registry.plugin_api import Connection, Record

TABLE = re.compile(r"workouts.*\.csv\Z", re.IGNORECASE)
_NEEDED = frozenset({"workoutday", "workouttype", "timetotalinhours", "title"})
_HEADER_BYTES = 1 << 14
#: There is no id: what makes a row this row are the fields that nobody edits; of equal ones, the
#: how manieth it is.
_IDENTITY = ("workoutday", "workouttype", "timetotalinhours", "distanceinmeters")
#: Durations agree to the minute, or by so much of them.
_SAME_LENGTH_S, _SAME_LENGTH = 60.0, 0.02
#: A brick, a race or a day of one's own says nothing of the sport: the file does.
_SPORTS = {
    "bike": "Ride",
    "mtn bike": "MountainBikeRide",
    "strength": "WeightTraining",
    "xc-ski": "NordicSki",
    "race": "Other",
}
_FIGURES = {
    "distance_m": ("distanceinmeters", natural, 1.0),
    "work_j": ("energy", positive, 1000.0),
    "average_watts": ("poweraverage", positive, 1.0),
    "max_watts": ("powermax", positive, 1.0),
    "average_speed_mps": ("velocityaverage", positive, 1.0),
    "max_speed_mps": ("velocitymax", positive, 1.0),
    "average_cadence_rpm": ("cadenceaverage", positive, 1.0),
    "max_cadence_rpm": ("cadencemax", positive, 1.0),
    "average_heartrate_bpm": ("heartrateaverage", positive, 1.0),
    "max_heartrate_bpm": ("heartratemax", positive, 1.0),
}


class Row(NamedTuple):
    """One workout of the table: its id, its cells by the names of the columns, its day, and how
    long it took.
    """

    external_id: str
    said: dict[str, str]
    day: date | None
    seconds: float


class Table(NamedTuple):
    """The workouts of all tables once each, and how many rows were only planned."""

    rows: list[Row]
    planned: int


def tables_of(box: Box, layout: Layout) -> Iterator[Member]:
    """The tables of workouts, the newest export first."""
    for member in layout.named(lambda name: TABLE.match(name) is not None):
        try:
            head = box.head(member, _HEADER_BYTES).decode("utf-8-sig", "replace")
        except RecordRefused:
            continue
        names = {name.strip().casefold() for name in read_header(head)}
        if names >= _NEEDED:
            yield member


def rows_of(box: Box, tables: Iterable[Member]) -> Table:
    """The rows of all tables; one that is in two exports is one."""
    found: dict[str, Row] = {}
    planned: set[str] = set()
    for table in tables:
        header, rows = read_table(box.read(table).decode("utf-8-sig", "replace"))
        names = [name.strip().casefold() for name in header]
        times: Counter[str] = Counter()
        for cells in rows:
            said = {
                name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()
            }
            identity = "\n".join(said.get(name, "") for name in _IDENTITY)
            times[identity] += 1
            hours = positive(said.get("timetotalinhours"))
            if hours is None:
                planned.add(repr(sorted(said.items())))
                continue
            digest = hashlib.sha256(f"{identity}\n{times[identity]}".encode()).hexdigest()[:32]
            found.setdefault(digest, Row(digest, said, _day(said.get("workoutday")), hours * 3600))
    rows_by_day = sorted(found.values(), key=lambda row: row.day or date.min, reverse=True)
    return Table(rows_by_day, len(planned))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def account(connection: Connection) -> Account:
    """The exports name nobody: all that an athlete imports is of one account."""
    with Box() as box:
        layout = Layout.of(box, paths_of(connection))
        if not list(tables_of(box, layout)):
            raise no_archive("trainingpeaks", connection, "workouts.csv with a table of workouts")
        return Account("trainingpeaks", "TrainingPeaks", notes=sum(told(box, layout), ()))


def told(box: Box, layout: Layout) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is in the exports, and what of it is left out."""
    tables = list(tables_of(box, layout))
    rows, planned = rows_of(box, tables)
    between = between_years(row.day.year for row in rows if row.day)
    counts = census(box, _candidates(layout))
    found = (
        f"{counted(len(rows), 'workout')} in {counted(len(tables), 'table')}{between}.",
        (
            f"{counted(sum(counts[kind] for kind in ('fit', 'gpx', 'tcx')), 'file')} to join "
            "them with, by day and duration."
        ),
    )
    skipped = left_out(f"{counted(planned, 'planned workout')} without a time") if planned else ()
    return found, skipped + unusable(counts)


def _candidates(layout: Layout) -> list[Member | Refusal]:
    found = [one for one in layout.members if isinstance(one, Refusal) or promises(one.name)]
    return sorted(found, key=lambda one: (-one.modified_s, one.location))


def listings(connection: Connection) -> Iterator[Listing]:
    """The rows, each with its file where that is certain, then the files that no row wants."""
    with Box() as box, Notes(connection.cache) as noted:
        layout = Layout.of(box, present(connection))
        rows = rows_of(box, tables_of(box, layout)).rows
        looks: dict[str, Look] = {}
        for look in Looks(box, noted, connection.alive).at(_candidates(layout)):
            if isinstance(look, Refusal):
                yield loose.unreadable(look)
            else:
                looks.setdefault(look.content_id, look)
        joined = join(rows, looks.values())
        for row in rows:
            file = joined.get(row.external_id)
            remember(
                connection,
                row.external_id,
                Seen(file.member, file.content_id) if file else Seen(None),
            )
            summary: dict[str, Any] = {"workout": row.said} | (
                {"file": file.content_id} if file else {}
            )
            yield Listing(row.external_id, loose.canonical(summary))
        taken = {look.content_id for look in joined.values()}
        yield from (
            loose.of_look(connection, look)
            for look in looks.values()
            if look.content_id not in taken
        )


def join(rows: Iterable[Row], looks: Iterable[Look]) -> dict[str, Look]:
    """Row → file, where day, duration and sport leave one file for the row and one row for the
    file: a guess would be worse than none.
    """
    by_day: dict[date, list[Row]] = defaultdict(list)
    for row in rows:
        if row.day is not None:
            by_day[row.day].append(row)
    pairs = [
        (row, look)
        for look in looks
        for day in _days(look)
        for row in by_day.get(day, ())
        if _fits(row, look)
    ]
    of_row = Counter(row.external_id for row, _ in pairs)
    of_look = Counter(look.content_id for _, look in pairs)
    return {
        row.external_id: look
        for row, look in pairs
        if of_row[row.external_id] == 1 and of_look[look.content_id] == 1
    }


def _days(look: Look) -> set[date]:
    """The local days on which a file may have begun: without a zone, UTC and half a day to each
    side.
    """
    if not look.workouts:
        return set()
    first = look.workouts[0]
    if first.get("start_local"):
        return {datetime.fromisoformat(first["start_local"]).date()}
    start = datetime.fromisoformat(first["start"])
    return {(start + timedelta(hours=hours)).date() for hours in (-12, 0, 12)}


def _fits(row: Row, look: Look) -> bool:
    allowed = max(_SAME_LENGTH_S, _SAME_LENGTH * row.seconds)
    lengths = [
        sum(workout.get(name) or 0 for workout in look.workouts)
        for name in ("moving_s", "elapsed_s", "recording_s")
    ]
    if not any(length and abs(length - row.seconds) <= allowed for length in lengths):
        return False
    of_row = family(sport_of(row.said))
    of_file = {family(workout.get("sport") or "Other") for workout in look.workouts}
    return "other" in (of_row, *of_file) or of_row in of_file


def sport_of(said: Mapping[str, str]) -> str:
    """The canonical sport of a row."""
    word = said.get("workouttype", "")
    return _SPORTS.get(word.casefold()) or canonical_sport(word)


def normalize(record: Record) -> list[SourceActivity]:
    """The workout of a row, with its file all that this holds as well; or those of a file without a
    row.
    """
    summary = json.loads(record.read("summary") or b"{}")
    if "workout" not in summary:
        return loose.normalize(record)
    return workouts_of(_activity(record.external_id, summary["workout"]), record)


def _activity(external_id: str, said: Mapping[str, str]) -> SourceActivity:
    day = _day(said.get("workoutday"))
    if day is None:
        raise RecordRefused(
            "FG-trainingpeaks-row",
            f"the day {said.get('workoutday')!r} of a workout cannot be read",
            at=Place(field="WorkoutDay"),
            fix="the row is kept, and tried again with the next version",
        )
    figures: dict[str, Any] = {}
    for name, (column, read, factor) in _FIGURES.items():
        value = read(said.get(column))
        figures[name] = value * factor if value is not None else None
    score, intensity, rpe = (
        positive(said.get("tss")),
        positive(said.get("if")),
        number(said.get("rpe")),
    )
    notes = "\n\n".join(said[name] for name in ("athletecomments", "coachcomments") if name in said)
    return SourceActivity(
        title=said.get("title"),
        description=said.get("workoutdescription"),
        notes=notes or None,
        sport=sport_of(said),
        sport_raw=said.get("workouttype"),
        start_local=datetime(day.year, day.month, day.day),  # noqa: DTZ001 - local
        start_precision="day",
        moving_s=round((positive(said.get("timetotalinhours")) or 0) * 3600, 3),
        intensity_pct=intensity * 100 if intensity else None,
        rpe=rpe if rpe and 1 <= rpe <= 10 else None,
        training_load=score,
        claims=(claim("trainingpeaks", external_id),),
        training_loads=(TrainingLoad(score, by="TrainingPeaks", chosen=True),) if score else (),
        **figures,
    )
