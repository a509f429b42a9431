"""The values of an activity that the second request sends: which key each has, and in which form.

An upload sets only the name and the description. Type, tags, load, RPE, feel and gear have no
parameter there, so they are changed afterwards, on the activity that the upload made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fitglue_registry.model import canonical_sport
from fitglue_registry.model.sports import SPORTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fitglue_registry.model import SourceActivity

#: Documented: this value clears a number.
_CLEARED = -1
#: Documented: RPE is a whole number from 1 to 10. The model has 0 as well, for complete rest.
_LOWEST_RPE = 1
#: Canonical sport → ``type``. The model took its names from Strava and Intervals.icu, so the table
#: is that of equal names; a test compares it with the types that the API lists.
TYPES: Mapping[str, str] = {sport: sport for sport in SPORTS}


def _text(value: str | None) -> str | None:
    return value or None


def _type(sport: str | None) -> str | None:
    """Return the type for a sport; a booster may have set a name that is not canonical."""
    return TYPES.get(canonical_sport(sport)) if sport else None


def _tags(tags: Iterable[str]) -> list[str] | None:
    return list(tags) or None


def _load(load: float | None) -> int | None:
    return None if load is None else round(load)


def _rpe(rpe: float | None) -> int | None:
    if rpe is None or round(rpe) < _LOWEST_RPE:
        return None
    return round(rpe)


def _feel(feel: int | None) -> int | None:
    return feel


@dataclass(frozen=True, slots=True)
class SentField:
    """A field of the model that is sent as a key of the Activity object."""

    name: str  # field of the model
    key: str  # key of the API
    convert: Callable[[Any], Any]  # returns the value that is sent, or None
    cleared: Any = None  # the value that removes what is there; None: it cannot be removed


FIELDS = (
    SentField(
        "title",
        "name",
        _text,
    ),
    SentField(
        "description",
        "description",
        _text,
        "",
    ),
    SentField(
        "sport",
        "type",
        _type,
    ),
    SentField(
        "tags",
        "tags",
        _tags,
        [],
    ),
    SentField(
        "training_load",
        "icu_training_load",
        _load,
        _CLEARED,
    ),
    SentField(
        "rpe",
        "icu_rpe",
        _rpe,
        _CLEARED,
    ),
    SentField(
        "feel",
        "feel",
        _feel,
        _CLEARED,
    ),
)


#: Key of the API → field of the model.
NAMES = {field.key: field.name for field in FIELDS} | {"gear": "gear"}
#: The fields of the model that can be sent.
SENT_NAMES = frozenset(NAMES.values())


def values_of(
    activity: SourceActivity,
    names: Iterable[str] = SENT_NAMES,
) -> dict[str, Any]:
    """Return key → value of the named fields that an activity has.

    Gear is not among them: the API names it by an id of its own (see ``gear``).
    """
    return _values(
        activity,
        names,
        is_clearing=False,
    )


def names_with_values(activity: SourceActivity) -> list[str]:
    """Return the fields of the model that an activity has and that can be sent."""
    return sorted(NAMES[key] for key in values_of(activity))


def changed_values(
    activity: SourceActivity,
    names: Iterable[str],
) -> dict[str, Any]:
    """Return key → value of the named fields of the model, with what removes a value.

    Args:
        activity: The activity as it is now.
        names: The fields that have changed since they were sent; others are ignored.
    """
    return _values(
        activity,
        names,
        is_clearing=True,
    )


def differing(
    values: Mapping[str, Any],
    there: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the values that an activity at Intervals.icu does not have yet.

    Args:
        values: Key → value to send.
        there: The Activity object.
    """
    return {key: value for key, value in values.items() if not _equal(value, there.get(key))}


def missing_there(
    values: Mapping[str, Any],
    there: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the values whose key is empty in an activity at Intervals.icu.

    Zero is a value and not empty.
    """
    return {key: value for key, value in values.items() if is_empty(there.get(key))}


def _values(
    activity: SourceActivity,
    names: Iterable[str],
    *,
    is_clearing: bool,
) -> dict[str, Any]:
    wanted = frozenset(names)
    values = {}
    for field in FIELDS:
        if field.name not in wanted:
            continue
        value = field.convert(getattr(activity, field.name))
        if value is None and is_clearing:
            value = field.cleared
        if value is not None:
            values[field.key] = value
    return values


def is_empty(value: Any) -> bool:
    """Return whether the value of a key says nothing: absent, null, or nothing in it."""
    return value is None or value in ("", [], {})


def _equal(
    value: Any,
    other: Any,
) -> bool:
    """Return whether a key has a value already; an empty one equals what clears it."""
    if value == _CLEARED or is_empty(value):
        return is_empty(other)
    if isinstance(value, dict) and isinstance(other, dict):
        return bool(value.get("id") == other.get("id"))
    return bool(value == other)
