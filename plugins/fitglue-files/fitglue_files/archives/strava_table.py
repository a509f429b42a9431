"""Finds the columns of Strava's ``activities.csv`` by their place: their names are in some
language, and some stand there twice.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from fitglue_files.containers import LARGEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Columns that never moved.
_FIRST = {
    "id": 0,
    "date": 1,
    "title": 2,
    "type": 3,
    "description": 4,
    "shown_elapsed": 5,
    "shown_distance": 6,
}
#: The figures that a program wrote begin with the second elapsed time; distance from there → what
#: the column holds.
_FIGURES = {
    "elapsed_s": 0,
    "moving_s": 1,
    "distance_m": 2,
    "max_speed_mps": 3,
    "average_speed_mps": 4,
    "elevation_gain_m": 5,
    "elevation_loss_m": 6,
    "min_altitude_m": 7,
    "max_altitude_m": 8,
}
_MORE_FIGURES = {
    "max_cadence_rpm": 13,
    "average_cadence_rpm": 14,
    "max_heartrate_bpm": 15,
    "average_heartrate_bpm": 16,
    "max_watts": 17,
    "average_watts": 18,
    "calories_kcal": 19,
    "max_temperature_c": 20,
    "average_temperature_c": 21,
    "relative_effort": 22,
}
_LAST_FIGURES = {"rpe": 28, "weighted_average_watts": 31, "commute": 35}
#: The same by their English names, which the newest columns have as well; of a name that is there
#: twice, the last one is the program's.
_ENGLISH = {
    "elapsed time": "elapsed_s",
    "moving time": "moving_s",
    "distance": "distance_m",
    "max speed": "max_speed_mps",
    "average speed": "average_speed_mps",
    "elevation gain": "elevation_gain_m",
    "elevation loss": "elevation_loss_m",
    "elevation low": "min_altitude_m",
    "elevation high": "max_altitude_m",
    "max cadence": "max_cadence_rpm",
    "average cadence": "average_cadence_rpm",
    "max heart rate": "max_heartrate_bpm",
    "average heart rate": "average_heartrate_bpm",
    "max watts": "max_watts",
    "average watts": "average_watts",
    "calories": "calories_kcal",
    "max temperature": "max_temperature_c",
    "average temperature": "average_temperature_c",
    "relative effort": "relative_effort",
    "perceived exertion": "rpe",
    "weighted average power": "weighted_average_watts",
    "commute": "commute",
    "activity gear": "gear",
    "filename": "file",
    "activity private note": "notes",
    "pool length": "pool_length_m",
    "competition": "race",
    "media": "media",
}
_TWICE = ("elapsed time", "distance")
_FILE = re.compile(r"activities/[^/]+\.(fit|gpx|tcx)(\.gz)?\Z", re.IGNORECASE)
_ENOUGH = 400


def read_table(text: str) -> tuple[list[str], list[list[str]]]:
    """The header and the rows; texts may hold line breaks, and of any length."""
    rows = [row for row in _rows(text) if any(cell.strip() for cell in row)]
    return (rows[0], rows[1:]) if rows else ([], [])


def read_header(text: str) -> list[str]:
    """The first row, of which the text may be no more than the beginning."""
    return next(_rows(text), [])


def _rows(text: str) -> Iterator[list[str]]:
    """Rows that end in any way that lines end; a program that saved the table anew may have written
    another one.
    """
    csv.field_size_limit(LARGEST)
    return csv.reader(io.StringIO(text.replace("\0", ""), newline=""))


def is_header(header: Sequence[str]) -> bool:
    """Whether a table may be Strava's, in any language: seven columns at least, in English by name,
    else one name there twice.
    """
    names = [name.strip().casefold() for name in header]
    if len(names) < 10:
        return False
    if names[:2] in (["activity id", "activity date"], ["id", "date"]):
        return True
    return names.count(names[5]) > 1 and names.count(names[6]) > 1


def columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, int]:
    """What is in which column; what cannot be told for sure is left out."""
    names = [name.strip().casefold() for name in header]
    found = dict(_FIRST)
    if names[0] in ("activity id", "id"):
        return found | _by_name(names)
    second = _again(names, 5)
    if second is not None and _again(names, 6) == second + _FIGURES["distance_m"]:
        found |= {name: second + place for name, place in _FIGURES.items()}
        if _is_where(
            names, 7, second, (_MORE_FIGURES["max_heartrate_bpm"], _MORE_FIGURES["relative_effort"])
        ):
            found |= {name: second + place for name, place in _MORE_FIGURES.items()}
            if names[8:11].count(names[min(second + _LAST_FIGURES["commute"], len(names) - 1)]):
                found |= {name: second + place for name, place in _LAST_FIGURES.items()}
    named = _file_column(rows)
    if named is None and second is not None:
        named = second - 3
    if named is not None:
        found |= {"file": named, "gear": named - 1}
        if named >= 12:
            found["notes"] = named - 2
    return {name: place for name, place in found.items() if place < len(names)}


def _by_name(names: Sequence[str]) -> dict[str, int]:
    found = {}
    for place, name in enumerate(names):
        meaning = _ENGLISH.get(name)
        # The first elapsed time and distance are for people: rounded, and in miles for some.
        if meaning and not (
            name in _TWICE and names.count(name) > 1 and names.index(name) == place
        ):
            found[meaning] = place
    if names[0] == "activity id" and names.count("distance") == 1:
        found.pop("distance_m", None)
    return found


def _again(names: Sequence[str], place: int) -> int | None:
    return (
        next(
            (later for later in range(place + 1, len(names)) if names[later] == names[place]), None
        )
        if place < len(names)
        else None
    )


def _is_where(names: Sequence[str], place: int, second: int, expected: Sequence[int]) -> bool:
    """Whether the name at a place comes again at one of these distances: then nothing was put in
    between.
    """
    return _again(names, place) in [second + distance for distance in expected]


def _file_column(rows: Sequence[Sequence[str]]) -> int | None:
    counts: dict[int, int] = {}
    for row in rows[:_ENOUGH]:
        for place, cell in enumerate(row):
            if _FILE.match(cell.strip()):
                counts[place] = counts.get(place, 0) + 1
    return max(counts, key=lambda place: counts[place]) if counts else None


def cells(row: Sequence[str], places: Mapping[str, int]) -> dict[str, str]:
    """The cells of a row that hold something, by what they mean."""
    return {
        name: row[place].strip()
        for name, place in places.items()
        if place < len(row) and row[place].strip()
    }
