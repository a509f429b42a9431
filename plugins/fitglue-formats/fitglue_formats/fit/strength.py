"""Sets of strength work: which exercise, how often, how heavy, how long; the rests between them are
sets too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitdecode.profile import FIELD_TYPES

from fitglue_formats.fit.clock import moment, seconds
from fitglue_formats.fit.laps import number
from fitglue_registry.model import StrengthSet

if TYPE_CHECKING:
    from fitglue_formats.fit.messages import Messages, Values

_MOST_SETS = 5_000


def sets_of(messages: Messages, first: float, end: float) -> tuple[StrengthSet, ...]:
    """The sets that begin from ``first`` up to ``end``."""
    titles = {
        (_category(values.get("exercise_category")), _one(values.get("exercise_name"))): values.get(
            "wkt_step_name"
        )
        for values in messages.all("exercise_title")
    }
    found = []
    for values in messages.all("set")[:_MOST_SETS]:
        at = seconds(values, "start_time")
        if at is None or first <= at < end:
            found.append(_set(values, at, titles))
    return tuple(found)


def _set(values: Values, at: float | None, titles: dict[tuple[Any, Any], Any]) -> StrengthSet:
    rest = values.get("set_type") == "rest"
    repetitions = values.get("repetitions")
    return StrengthSet(
        exercise="Rest" if rest else _exercise(values, titles),
        kind="rest" if rest else "normal",
        reps=int(repetitions) if isinstance(repetitions, int) and not rest else None,
        weight_kg=None if rest else number(values, "weight"),
        elapsed_s=number(values, "duration"),
        start_utc=moment(at) if at is not None else None,
    )


def _exercise(values: Values, titles: dict[tuple[Any, Any], Any]) -> str:
    """The name by which the athlete's plan calls it, else the profile's, else that of its kind."""
    category, name = _category(values.get("category")), _one(values.get("category_subtype"))
    title = _one(titles.get((category, name)))
    if isinstance(title, str) and title.strip():
        return title.strip()
    kind = FIELD_TYPES.get(f"{category}_exercise_name")
    known = kind.enum.get(name) if kind is not None and kind.enum else None
    if known is None and isinstance(category, str) and category != "unknown":
        known = category
    return str(known).replace("_", " ").capitalize() if known is not None else "Unknown"


def _category(value: Any) -> Any:
    """The name of a kind of exercise; of several fitdecode gives the numbers."""
    found = _one(value)
    return FIELD_TYPES["exercise_category"].enum.get(found, found)


def _one(value: Any) -> Any:
    """A set may be of several exercises, of which the device was least unsure of the first."""
    return (
        next((one for one in value if one is not None), None) if isinstance(value, tuple) else value
    )
