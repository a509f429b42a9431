"""Sets of strength work: which exercise, how often, how heavy, how long; the rests between them are
sets too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from fitdecode.profile import FIELD_TYPES

from fitglue_formats.fit.clock import moment
from fitglue_formats.fit.values import number, seconds
from fitglue_registry.model import StrengthSet

if TYPE_CHECKING:
    from fitglue_formats.fit.messages import Messages, Values

_MOST_SETS = 5_000
#: Category and name of an exercise → what the athlete's plan calls it.
Titles: TypeAlias = "dict[tuple[Any, Any], Any]"


def sets_of(
    messages: Messages,
    first: float,
    end: float,
) -> tuple[StrengthSet, ...]:
    """The sets that begin from ``first`` up to ``end``."""
    titles = _titles(messages)
    sets = []
    for values in messages.all("set")[:_MOST_SETS]:
        at = seconds(values, "start_time")
        if at is None or first <= at < end:
            sets.append(_set(values, at, titles))
    return tuple(sets)


def _titles(messages: Messages) -> Titles:
    """The names that the plan of the athlete has for exercises."""
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
    """One set; of a rest nothing is known but when and how long it was."""
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
    """The name by which the athlete's plan calls it, else the profile's, else that of its kind."""
    category = _category(values.get("category"))
    name = _first_known(values.get("category_subtype"))
    title = _first_known(titles.get((category, name)))
    if isinstance(title, str) and title.strip():
        return title.strip()
    kind = FIELD_TYPES.get(f"{category}_exercise_name")
    known = None
    if kind is not None and kind.enum:
        known = kind.enum.get(name)
    if known is None and isinstance(category, str) and category != "unknown":
        known = category
    if known is None:
        return "Unknown"
    return str(known).replace("_", " ").capitalize()


def _category(value: Any) -> Any:
    """The name of a kind of exercise; of several fitdecode gives the numbers."""
    category = _first_known(value)
    return FIELD_TYPES["exercise_category"].enum.get(category, category)


def _first_known(value: Any) -> Any:
    """A set may be of several exercises, of which the device was least unsure of the first."""
    if not isinstance(value, tuple):
        return value
    return next((part for part in value if part is not None), None)
