"""The table of workouts in the exports of TrainingPeaks, and the workout of one of its rows."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from fitglue_files.archives.csv_tables import HEADER_BYTES, folded, read_header, read_table
from fitglue_files.archives.numbers import natural, number, positive
from fitglue_registry.errors import Place, RecordRefused
from fitglue_registry.model import SourceActivity, TrainingLoad, canonical_sport, claim

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fitglue_files.containers import Box
    from fitglue_files.layout import Layout
    from fitglue_files.members import Member

#: The cells of a row by the names of the columns.
Cells: TypeAlias = "Mapping[str, str]"
_NAME = re.compile(r"workouts.*\.csv\Z", re.IGNORECASE)
_NEEDED = frozenset({"workoutday", "workouttype", "timetotalinhours", "title"})
#: There is no id: what makes a row this row are the fields that nobody edits; of equal ones, the
#: how manieth it is.
_IDENTITY = ("workoutday", "workouttype", "timetotalinhours", "distanceinmeters")
_COMMENTS = ("athletecomments", "coachcomments")
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
    """One workout of the table: its id, its cells, its day, and how long it took."""

    external_id: str
    cells: dict[str, str]
    day: date | None
    seconds: float


class Workouts(NamedTuple):
    """The workouts of all tables once each, and how many rows were only planned."""

    rows: list[Row]
    planned: int


def tables_in(box: Box, layout: Layout) -> Iterator[Member]:
    """The tables of workouts, the newest export first."""
    for member in layout.named(lambda name: _NAME.match(name) is not None):
        try:
            header = read_header(box.head(member, HEADER_BYTES))
        except RecordRefused:
            continue
        if set(folded(header)) >= _NEEDED:
            yield member


def rows_of(box: Box, tables: Iterable[Member]) -> Workouts:
    """The rows of all tables; one that is in two exports is one."""
    by_id: dict[str, Row] = {}
    planned: set[str] = set()
    for table in tables:
        times: Counter[str] = Counter()
        for cells in _cells(box, table):
            identity = "\n".join(cells.get(name, "") for name in _IDENTITY)
            times[identity] += 1
            hours = positive(cells.get("timetotalinhours"))
            if hours is None:
                planned.add(repr(sorted(cells.items())))
                continue
            digest = hashlib.sha256(f"{identity}\n{times[identity]}".encode()).hexdigest()
            external_id = digest[:32]
            day = _day(cells.get("workoutday"))
            by_id.setdefault(external_id, Row(external_id, cells, day, hours * 3600))
    rows = sorted(by_id.values(), key=_day_or_first, reverse=True)
    return Workouts(rows, len(planned))


def _cells(box: Box, table: Member) -> Iterator[dict[str, str]]:
    """The cells of each row that hold something."""
    header, rows = read_table(box.read(table))
    names = folded(header)
    for row in rows:
        cells = map(str.strip, row)
        yield {name: cell for name, cell in zip(names, cells, strict=False) if cell}


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def _day_or_first(row: Row) -> date:
    return row.day or date.min


# -- one row ---------------------------------------------------------------------------------------


def activity_of(external_id: str, cells: Cells) -> SourceActivity:
    """The workout of a row; raises ``RecordRefused`` where it has no day."""
    day = _day(cells.get("workoutday"))
    if day is None:
        raise RecordRefused(
            "FG-trainingpeaks-row",
            f"the day {cells.get('workoutday')!r} of a workout cannot be read",
            at=Place(field="WorkoutDay"),
            fix="the row is kept, and tried again with the next version",
        )
    hours = positive(cells.get("timetotalinhours")) or 0
    intensity = positive(cells.get("if"))
    load = positive(cells.get("tss"))
    comments = [cells[name] for name in _COMMENTS if name in cells]
    return SourceActivity(
        title=cells.get("title"),
        description=cells.get("workoutdescription"),
        notes="\n\n".join(comments) or None,
        sport=sport_of(cells),
        sport_raw=cells.get("workouttype"),
        start_local=datetime(day.year, day.month, day.day),  # noqa: DTZ001 - local
        start_precision="day",
        moving_s=round(hours * 3600, 3),
        intensity_pct=intensity * 100 if intensity else None,
        rpe=_exertion(cells),
        training_load=load,
        training_loads=_loads(load),
        claims=(claim("trainingpeaks", external_id),),
        **_figures(cells),
    )


def sport_of(cells: Cells) -> str:
    """The canonical sport of a row."""
    word = cells.get("workouttype", "")
    return _SPORTS.get(word.casefold()) or canonical_sport(word)


def _figures(cells: Cells) -> dict[str, Any]:
    figures = {}
    for name, (column, read, factor) in _FIGURES.items():
        value = read(cells.get(column))
        if value is not None:
            figures[name] = value * factor
    return figures


def _loads(load: float | None) -> tuple[TrainingLoad, ...]:
    if load is None:
        return ()
    return (TrainingLoad(load, by="TrainingPeaks", chosen=True),)


def _exertion(cells: Cells) -> float | None:
    exertion = number(cells.get("rpe"))
    if exertion is None or not 1 <= exertion <= 10:
        return None
    return exertion
