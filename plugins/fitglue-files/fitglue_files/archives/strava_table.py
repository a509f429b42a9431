"""Finds the columns of Strava's ``activities.csv`` by their place: their names are in some
language, and some stand there twice.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

from fitglue_files.archives.csv_tables import folded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: What a column holds → its place.
Places: TypeAlias = dict[str, int]
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
#: Names that are there twice; the first one is for people: rounded, and in miles for some.
_TWICE = ("elapsed time", "distance")
_FILE = re.compile(r"activities/[^/]+\.(fit|gpx|tcx)(\.gz)?\Z", re.IGNORECASE)
#: So many rows tell in which column the files are.
_ENOUGH = 400


def is_header(header: Sequence[str]) -> bool:
    """Whether a table may be Strava's, in any language: seven columns at least, in English by name,
    else one name there twice.
    """
    names = folded(header)
    if len(names) < 10:
        return False
    if names[:2] in (["activity id", "activity date"], ["id", "date"]):
        return True
    return names.count(names[5]) > 1 and names.count(names[6]) > 1


def columns(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
) -> Places:
    """What is in which column; what cannot be told for sure is left out."""
    names = folded(header)
    if names[0] in ("activity id", "id"):
        return _FIRST | _by_name(names)
    second = _again(names, _FIRST["shown_elapsed"])
    places = dict(_FIRST)
    if second is not None:
        places |= _figures(names, second)
    file = _file_column(rows)
    if file is None and second is not None:
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
    """The cells of a row that hold something, by what they mean."""
    found = {}
    for meaning, place in places.items():
        cell = row[place].strip() if place < len(row) else ""
        if cell:
            found[meaning] = cell
    return found


# -- by name ---------------------------------------------------------------------------------------


def _by_name(names: Sequence[str]) -> Places:
    places = {}
    for place, name in enumerate(names):
        meaning = _ENGLISH.get(name)
        if meaning is None:
            continue
        is_first = names.index(name) == place
        if name in _TWICE and is_first and names.count(name) > 1:
            continue
        places[meaning] = place
    if names[0] == "activity id" and names.count("distance") == 1:
        places.pop("distance_m", None)
    return places


# -- by place --------------------------------------------------------------------------------------


def _figures(names: Sequence[str], second: int) -> Places:
    """The figures that a program wrote, from the second elapsed time on."""
    if _again(names, _FIRST["shown_distance"]) != second + _FIGURES["distance_m"]:
        return {}
    places = _moved(_FIGURES, second)
    more = _moved(_MORE_FIGURES, second)
    # Where the column behind the distance is there again as one of these, nothing was put in
    # between.
    again = _again(names, _FIRST["shown_distance"] + 1)
    if again not in (more["max_heartrate_bpm"], more["relative_effort"]):
        return places
    places |= more
    commute = min(second + _LAST_FIGURES["commute"], len(names) - 1)
    if names[commute] in names[8:11]:
        places |= _moved(_LAST_FIGURES, second)
    return places


def _moved(distances: Mapping[str, int], second: int) -> Places:
    return {meaning: second + distance for meaning, distance in distances.items()}


def _again(names: Sequence[str], place: int) -> int | None:
    """Where the name at a place is a second time."""
    for later in range(place + 1, len(names)):
        if names[later] == names[place]:
            return later
    return None


def _file_column(rows: Sequence[Sequence[str]]) -> int | None:
    """The column in which most names of files are."""
    counts: Counter[int] = Counter()
    for row in rows[:_ENOUGH]:
        for place, cell in enumerate(row):
            if _FILE.match(cell.strip()):
                counts[place] += 1
    for place, _ in counts.most_common(1):
        return place
    return None
