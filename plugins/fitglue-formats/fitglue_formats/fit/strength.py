"""Sets of strength training: exercise, repetitions, weight and duration. The rests between them are
sets of their own kind.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

from fitdecode.profile import FIELD_TYPES

from fitglue_formats.fit.clock import moment
from fitglue_formats.fit.values import number, seconds
from fitglue_registry.model import StrengthSet

if TYPE_CHECKING:
    from fitglue_formats.fit.messages import Messages, Values

#: A limit for hostile files.
_MOST_SETS = 5_000
#: Category and number of an exercise → its name in the athlete's workout plan.
Titles: TypeAlias = "dict[tuple[Any, Any], Any]"


def sets_of(
    messages: Messages,
    first: float,
    end: float,
) -> tuple[StrengthSet, ...]:
    """Return the sets that begin in a session.

    A set without a start belongs to the session of its end, else to that of the set before it, else
    to the first session. ``first`` and ``end`` are in seconds after the FIT epoch.
    """
    titles = _titles(messages)
    sets = []
    near = -math.inf
    for values in messages.all("set")[:_MOST_SETS]:
        at = seconds(values, "start_time")
        ended = seconds(values, "timestamp")
        near = next((time for time in (at, ended) if time is not None), near)
        if first <= near < end:
            sets.append(_set(values, at, titles))
    return tuple(sets)


def _titles(messages: Messages) -> Titles:
    """Return the names of exercises in the athlete's workout plan (messages ``exercise_title``)."""
    titles: Titles = {}
    for values in messages.all("exercise_title"):
        category = _category(values.get("exercise_category"))
        name = _first_known(values.get("exercise_name"))
        titles[category, name] = values.get("wkt_step_name")
    return titles


def _set(
    values: Values,
    at: float | None,
    titles: Titles,
) -> StrengthSet:
    """Return one set; a rest has no more than a start and a duration."""
    elapsed_s = number(values, "duration")
    start_utc = None
    if at is not None:
        start_utc = moment(at)
    if values.get("set_type") == "rest":
        return StrengthSet(
            exercise="Rest",
            kind="rest",
            elapsed_s=elapsed_s,
            start_utc=start_utc,
        )
    repetitions = values.get("repetitions")
    return StrengthSet(
        exercise=_exercise(values, titles),
        kind="normal",
        reps=int(repetitions) if isinstance(repetitions, int) else None,
        weight_kg=number(values, "weight"),
        elapsed_s=elapsed_s,
        start_utc=start_utc,
    )


def _exercise(values: Values, titles: Titles) -> str:
    """Return the name of an exercise: the one in the athlete's plan, else the one in the FIT
    profile, else the name of its category.
    """
    category = _category(values.get("category"))
    name = _first_known(values.get("category_subtype"))
    title = _first_known(titles.get((category, name)))
    if isinstance(title, str) and title.strip():
        return title.strip()
    # The profile has a type with the names of the exercises of each category.
    exercise_type = FIELD_TYPES.get(f"{category}_exercise_name")
    label = None
    if exercise_type is not None and exercise_type.enum:
        label = exercise_type.enum.get(name)
    if label is None and isinstance(category, str) and category != "unknown":
        label = category
    if label is None:
        return "Unknown"
    return str(label).replace("_", " ").capitalize()


def _category(value: Any) -> Any:
    """Return the name of a category of exercises.

    fitdecode returns a name for a single value, and numbers for an array.
    """
    category = _first_known(value)
    return FIELD_TYPES["exercise_category"].enum.get(category, category)


def _first_known(value: Any) -> Any:
    """Return the value, or the first known one of an array.

    A device that recognizes exercises lists several candidates, the most likely one first.
    """
    if not isinstance(value, tuple):
        return value
    return next((part for part in value if part is not None), None)
