"""The names of exercises of strength training, of which a file may have only the categories."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fitglue_registry.model import SourceActivity


def with_exercises(
    workout: SourceActivity,
    row: SourceActivity,
) -> SourceActivity:
    """Return a workout whose sets have the name of the exercise instead of that of its category.

    The athlete can name an exercise at Garmin Connect after the watch wrote its file. Only a
    category of which the row has a single exercise says which one the sets are of.

    Args:
        workout: The workout with the sets of its file.
        row: The workout as Garmin Connect has it, with the totals of each exercise.
    """
    names = _names(row.extensions.get("exercises", ()))
    sets = []
    for made in workout.sets:
        name = names.get(made.exercise.casefold())
        sets.append(msgspec.structs.replace(made, exercise=name) if name else made)
    return msgspec.structs.replace(workout, sets=tuple(sets))


def _names(exercises: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the name of the exercise of each category that has exactly one."""
    by_category: dict[str, set[str | None]] = defaultdict(set)
    for exercise in exercises:
        category = exercise.get("category")
        if category is not None:
            by_category[_words(category).casefold()].add(exercise.get("name"))
    names = {}
    for category, found in by_category.items():
        only = list(found)
        if len(only) == 1 and only[0] is not None:
            names[category] = _words(only[0])
    return names


def _words(key: str) -> str:
    """Return a key of Garmin as the reader of files writes it, such as ``Barbell back squat``."""
    return key.replace("_", " ").capitalize()
