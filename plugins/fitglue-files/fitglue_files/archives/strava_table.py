"""The columns of Strava's ``activities.csv``, found by their position.

The names of the columns are in the athlete's language, and some of them occur twice: first with a
value for people (rounded, in kilometers or miles), then with the exact value in SI units.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

from fitglue_files.archives.csv_tables import folded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The meaning of a column → its position.
Places: TypeAlias = dict[str, int]
#: Columns that have the same position in all versions of the table.
_FIRST = {
    "id": 0,
    "date": 1,
    "title": 2,
    "type": 3,
    "description": 4,
    "shown_elapsed": 5,
    "shown_distance": 6,
}
#: The exact values begin with the second elapsed time: meaning of a column → its distance from it.
_MEASUREMENTS = {
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
#: The same for the columns after the grades, which are only used if no column was inserted there.
_MORE_MEASUREMENTS = {
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
#: The same for the columns at the end.
_LAST_MEASUREMENTS = {"rpe": 28, "weighted_average_watts": 31, "commute": 35}
#: English name of a column → its meaning. If a name occurs twice, the second column has the exact
#: value.
_ENGLISH = {
    "activity date": "date",
    "activity name": "title",
    "activity type": "type",
    "activity description": "description",
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
#: Names that occur twice; the first column is rounded, and in miles for some athletes.
_TWICE = ("elapsed time", "distance")
_FILE = re.compile(r"activities/[^/]+\.(fit|gpx|tcx)(\.gz)?\Z", re.IGNORECASE)
#: The number of rows that are searched for the column with the files.
_ENOUGH = 400


def is_header(header: Sequence[str]) -> bool:
    """Return whether a table may be Strava's, in any language.

    This is the case if it has at least ten columns, and its first names are the English ones, or
    the names of the elapsed time and the distance occur twice.
    """
    names = folded(header)
    if len(names) < 10:
        return False
    if names[:2] == ["id", "date"]:
        return True
    if names[0] == "activity id" and "activity date" in names:
        return True
    return names.count(names[5]) > 1 and names.count(names[6]) > 1


def columns(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
) -> Places:
    """Return the position of each column by its meaning; columns that are not certain are
    left out.
    """
    names = folded(header)
    if names[0] in ("activity id", "id"):
        return _FIRST | _by_name(names)
    # The table is in another language, so the repeated names show where the exact values begin.
    second = _second_position(names, _FIRST["shown_elapsed"])
    places = dict(_FIRST)
    if second is not None:
        places |= _measurements(names, second)
    file = _file_column(rows)
    if file is None and second is not None:  # no row has a file
        file = second - 3
    if file is not None:
        places["file"] = file
        places["gear"] = file - 1
    if file is not None and file >= 12:
        places["notes"] = file - 2
    return {meaning: place for meaning, place in places.items() if place < len(names)}


def cells(
    row: Sequence[str],
    places: Mapping[str, int],
) -> dict[str, str]:
    """Return the cells of a row that are not empty, by their meaning."""
    by_meaning = {}
    for meaning, place in places.items():
        cell = row[place].strip() if place < len(row) else ""
        if cell:
            by_meaning[meaning] = cell
    return by_meaning


# -- by name ---------------------------------------------------------------------------------------


def _by_name(names: Sequence[str]) -> Places:
    """Return the columns by their English names."""
    places = {}
    for place, name in enumerate(names):
        meaning = _ENGLISH.get(name)
        if meaning is None:
            continue
        is_first = names.index(name) == place
        if name in _TWICE and is_first and names.count(name) > 1:
            continue
        places[meaning] = place
    # A single column of this name is the rounded one, whose unit is unknown.
    if names[0] == "activity id" and names.count("distance") == 1:
        places.pop("distance_m", None)
    return places


# -- by place --------------------------------------------------------------------------------------


def _measurements(names: Sequence[str], second: int) -> Places:
    """Return the columns with the exact values, which begin with the second elapsed time."""
    if _second_position(names, _FIRST["shown_distance"]) != second + _MEASUREMENTS["distance_m"]:
        return {}
    places = _shifted(_MEASUREMENTS, second)
    more = _shifted(_MORE_MEASUREMENTS, second)
    # The column after the rounded distance (maximum heart rate or relative effort) also occurs
    # twice. If its second position is the expected one, Strava has not inserted a column before it.
    repeated = _second_position(names, _FIRST["shown_distance"] + 1)
    if repeated not in (more["max_heartrate_bpm"], more["relative_effort"]):
        return places
    places |= more
    commute = min(second + _LAST_MEASUREMENTS["commute"], len(names) - 1)
    if names[commute] in names[8:11]:
        places |= _shifted(_LAST_MEASUREMENTS, second)
    return places


def _shifted(distances: Mapping[str, int], second: int) -> Places:
    """Return the positions of columns by their distances from the second elapsed time."""
    return {meaning: second + distance for meaning, distance in distances.items()}


def _second_position(names: Sequence[str], place: int) -> int | None:
    """Return the second position of the name at a position, or ``None`` if it occurs only once."""
    for later in range(place + 1, len(names)):
        if names[later] == names[place]:
            return later
    return None


def _file_column(rows: Sequence[Sequence[str]]) -> int | None:
    """Return the column that contains the most names of files, or ``None``."""
    counts: Counter[int] = Counter()
    for row in rows[:_ENOUGH]:
        for place, cell in enumerate(row):
            if _FILE.match(cell.strip()):
                counts[place] += 1
    for place, _ in counts.most_common(1):
        return place
    return None
