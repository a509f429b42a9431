"""The table of workouts in the exports of TrainingPeaks, and the conversion of a row into a
workout.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from fitglue_files.archives.csv_tables import folded
from fitglue_files.archives.dates import DateColumn
from fitglue_files.archives.numbers import not_negative, number, positive
from fitglue_files.archives.snapshot_date import snapshot_date
from fitglue_files.archives.table_reading import read_table_of
from fitglue_files.archives.table_reading import tables_in as tables_among
from fitglue_files.wording import quoted, short_text, short_title
from fitglue_registry.errors import Place, RecordRefused
from fitglue_registry.model import (
    SourceActivity,
    TrainingLoad,
    canonical_sport,
    claim,
    with_average_speed,
    without_invalid,
)
from fitglue_registry.model.cadence import counts_one_leg

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fitglue_files.archives.table_reading import TableRead
    from fitglue_files.containers import ContainerReader
    from fitglue_files.layout import Layout
    from fitglue_files.members import MemberOrRefusal, Refusal

#: The cells of a row by the names of the columns.
Cells: TypeAlias = "Mapping[str, str]"
_NAME = re.compile(r"workouts.*\.csv\Z", re.IGNORECASE)
#: Columns that identify the table; a ``workouts.csv`` may also come from another program.
_NEEDED = frozenset({"workoutday", "workouttype", "timetotalinhours", "title"})
#: The table has no ids. A row is identified by the fields that nobody edits afterwards; equal rows
#: are numbered.
_IDENTITY = ("workoutday", "workouttype", "timetotalinhours", "distanceinmeters")
#: Columns that can be filled before a workout, whether or not it takes place. A number in any
#: other column, such as a zone or an exertion, was measured or entered afterwards.
_BEFORE = frozenset({"title", "workouttype", "workoutday", "workoutdescription"})
_PLANNED = "planned"
#: What an athlete can also enter on a day without a workout.
_STATE = frozenset({"rpe", "feeling"})
_DAY_OFF = "day off"
_LOST = "the title, the comments and the values that were entered by hand are missing"
_COMMENTS = ("athletecomments", "coachcomments")
#: TrainingPeaks' type of workout → our sport, for those that do not have the same name. Types such
#: as "Brick", "Race" and "Custom" do not state a sport; the file does.
_SPORTS = {
    "bike": "Ride",
    "mtn bike": "MountainBikeRide",
    "strength": "WeightTraining",
    "xc-ski": "NordicSki",
    "race": "Other",
}
#: Field of the model → column, the function that reads a cell, and the factor to our unit.
_MEASUREMENTS = {
    "distance_m": ("distanceinmeters", not_negative, 1.0),
    "work_j": ("energy", not_negative, 1000.0),
    "average_watts": ("poweraverage", not_negative, 1.0),
    "max_watts": ("powermax", not_negative, 1.0),
    "average_speed_mps": ("velocityaverage", not_negative, 1.0),
    "max_speed_mps": ("velocitymax", not_negative, 1.0),
    "average_cadence_rpm": ("cadenceaverage", not_negative, 1.0),
    "max_cadence_rpm": ("cadencemax", not_negative, 1.0),
    "average_heartrate_bpm": ("heartrateaverage", not_negative, 1.0),
    "max_heartrate_bpm": ("heartratemax", not_negative, 1.0),
}


class Row(NamedTuple):
    """One workout of the table.

    Attributes:
        external_id: A hash of the fields that identify it.
        cells: Its cells that are not empty, by the names of their columns in lower case.
        day: Its local day, or ``None`` if that cannot be read.
        seconds: Its duration, or ``None`` if the athlete did not state it.
        stated_at: The date of the export, in UTC.
    """

    external_id: str
    cells: dict[str, str]
    day: date | None
    seconds: float | None
    stated_at: datetime


class Workouts(NamedTuple):
    """The workouts of all tables, without duplicates.

    Attributes:
        rows: The workouts that took place, the newest first.
        planned: The number of rows without any sign that the workout took place.
        commented: How many of those rows have a comment of the athlete.
        unread: The refusals of tables of which nothing can be read.
        partly_read: The refusals of what cannot be read in other tables.
    """

    rows: list[Row]
    planned: int
    commented: int
    unread: tuple[Refusal, ...] = ()
    partly_read: tuple[Refusal, ...] = ()


def tables_in(
    reader: ContainerReader,
    layout: Layout,
) -> Iterator[MemberOrRefusal]:
    """Yield the tables of workouts, the newest export first."""
    yield from tables_among(
        reader,
        layout,
        lambda name: _NAME.match(name) is not None,
        lambda header: set(folded(header)) >= _NEEDED,
        # The exports have their files in another zip.
        lambda table: False,  # noqa: ARG005
    )


def rows_of(
    reader: ContainerReader,
    tables: Iterable[MemberOrRefusal],
) -> Workouts:
    """Return the rows of all tables; a row that is in two exports is returned once."""
    by_id: dict[str, Row] = {}
    planned: dict[str, bool] = {}
    unread: list[Refusal] = []
    partly_read: list[Refusal] = []
    for table in tables:
        times: Counter[str] = Counter()
        read = read_table_of(reader, table, _LOST)
        if read.problem is not None:
            (partly_read if read.header else unread).append(read.problem)
        table_cells = list(_cells(read))
        days = (_day(cells.get("workoutday")) for cells in table_cells if _took_place(cells))
        modified_at = datetime.fromtimestamp(table.modified_s, UTC)
        stated_at = snapshot_date(modified_at, map(_midnight, days))
        for cells in table_cells:
            if not _took_place(cells):
                content = repr(sorted(cells.items()))
                planned[content] = "athletecomments" in cells
                continue
            identity = "\n".join(cells.get(name, "") for name in _IDENTITY)
            # Two workouts of a day can have the same fields: the second one gets an id of its own.
            times[identity] += 1
            external_id = _external_id(identity, times[identity])
            row = Row(
                external_id,
                cells,
                day=_day(cells.get("workoutday")),
                seconds=_seconds(cells),
                stated_at=stated_at,
            )
            known = by_id.get(external_id)
            if known is None or known.stated_at < stated_at:
                by_id[external_id] = row
    rows = sorted(by_id.values(), key=_day_or_first, reverse=True)
    commented = sum(planned.values())
    return Workouts(rows, len(planned), commented, tuple(unread), tuple(partly_read))


def _midnight(day: date | None) -> datetime | None:
    """Return the beginning of a day in UTC, as far as the day is known."""
    return None if day is None else datetime.combine(day, time(), UTC)


def _external_id(
    identity: str,
    number: int,
) -> str:
    """Return the id of the workout with this number among those of one table that look alike."""
    content = f"{identity}\n{number}"
    digest = hashlib.sha256(content.encode())
    return digest.hexdigest()[:32]


def _took_place(cells: Cells) -> bool:
    """Return whether a row has any value that exists only after a workout.

    Athletes who enter a swim or a strength workout by hand often leave the duration empty. A
    comment of the athlete shows it only if nothing was planned: otherwise it can also be the reason
    why the workout was skipped.
    """
    is_day_off = cells.get("workouttype", "").casefold() == _DAY_OFF
    for name, cell in cells.items():
        is_before = name in _BEFORE or name in _COMMENTS or name.startswith(_PLANNED)
        if is_before or (is_day_off and name in _STATE):
            continue
        if positive(cell) is not None:
            return True
    return not is_day_off and _is_unplanned(cells) and "athletecomments" in cells


def _is_unplanned(cells: Cells) -> bool:
    """Return whether nobody planned the workout of a row: the athlete added it afterwards."""
    plans = ("workoutdescription", "coachcomments")
    return not any(name in plans or name.startswith(_PLANNED) for name in cells)


def _seconds(cells: Cells) -> float | None:
    """Return the duration of a row, or ``None``."""
    hours = positive(cells.get("timetotalinhours"))
    if hours is None:
        return None
    return hours * 3600


def _cells(table: TableRead) -> Iterator[dict[str, str]]:
    """Yield the cells of each row that are not empty, by the names of their columns."""
    names = folded(table.header)
    by_row: list[dict[str, str]] = []
    for row in table.rows:
        cells = {}
        for name, cell in zip(names, row, strict=False):
            text = cell.strip()
            if text:
                cells[name] = text
        by_row.append(cells)
    days = DateColumn(_at_midnight(cells) for cells in by_row)
    for cells in by_row:
        # A spreadsheet that saves the table again writes the days as its language does.
        day = days.read(_at_midnight(cells))
        if day is not None and _day(cells.get("workoutday")) is None:
            cells["workoutday"] = day.date().isoformat()
        yield cells


def _at_midnight(cells: Cells) -> str:
    """Return the day of a row with a time, as a column of dates expects it."""
    day, _, _ = cells.get("workoutday", "").partition(" ")
    return f"{day} 00:00"


def _day(text: str | None) -> date | None:
    """Return the day in a cell, or ``None``."""
    if not text:
        return None
    # Only the day is read if a time follows it.
    day = text[:10]
    try:
        return date.fromisoformat(day)
    except ValueError:
        return None


def _day_or_first(row: Row) -> date:
    """Return the day of a row, as its sort key."""
    return row.day or date.min


# -- one row ---------------------------------------------------------------------------------------


def activity_of(
    external_id: str,
    cells: Cells,
) -> SourceActivity:
    """Return the workout of a row; raise ``RecordRefused`` if its day cannot be read."""
    day = _day(cells.get("workoutday"))
    if day is None:
        raise RecordRefused(
            "FG-trainingpeaks-row",
            f"the day of a workout, {quoted(cells.get('workoutday'))}, is not a date",
            at=Place(field="WorkoutDay"),
            fix="nothing to do: the row is kept, and the next version tries it again",
        )
    seconds = _seconds(cells)
    intensity = positive(cells.get("if"))
    load = positive(cells.get("tss"))
    comments = [cells[name] for name in _COMMENTS if name in cells]
    sport = sport_of(cells)
    fields = _measurements(cells)
    activity = SourceActivity(
        title=short_title(cells.get("title")),
        description=short_text(cells.get("workoutdescription")),
        notes=short_text("\n\n".join(comments) or None),
        sport=sport,
        sport_raw=cells.get("workouttype"),
        start_local=datetime(day.year, day.month, day.day),  # noqa: DTZ001 - local
        start_precision="day",
        moving_s=None if seconds is None else round(seconds, 3),
        intensity_pct=intensity * 100 if intensity else None,
        rpe=_exertion(cells),
        training_load=load,
        training_loads=_loads(load),
        cadence_per_leg=counts_one_leg(sport, fields.get("average_cadence_rpm")),
        claims=(claim("trainingpeaks", external_id),),
        **fields,
    )
    return with_average_speed(without_invalid(activity))


def sport_of(cells: Cells) -> str:
    """Return our sport for a row."""
    workout_type = cells.get("workouttype", "")
    return _SPORTS.get(workout_type.casefold()) or canonical_sport(workout_type)


def _measurements(cells: Cells) -> dict[str, Any]:
    """Return the measurements of a row in our units."""
    fields = {}
    for name, (column, read, factor) in _MEASUREMENTS.items():
        value = read(cells.get(column))
        if value is not None:
            fields[name] = value * factor
    return fields


def _loads(load: float | None) -> tuple[TrainingLoad, ...]:
    """Return the training load (TSS) of a row."""
    if load is None:
        return ()
    return (TrainingLoad(load, by="TrainingPeaks", chosen=True),)


def _exertion(cells: Cells) -> float | None:
    """Return the perceived exertion on the scale from 1 to 10, or ``None``."""
    exertion = number(cells.get("rpe"))
    if exertion is None or not 1 <= exertion <= 10:
        return None
    return exertion
