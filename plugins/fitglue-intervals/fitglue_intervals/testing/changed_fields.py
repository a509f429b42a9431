"""The fields of an activity that a client may change, and what the service makes of a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from fitglue_intervals.testing.activity_types import TYPES
from fitglue_intervals.testing.error_responses import type_mismatch, unprocessable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fitglue_intervals.testing.values import Row
    from fitglue_registry.testing import Response

#: Documented: this value clears a number.
_CLEARED = -1


class FieldRefused(Exception):
    """The response to a request whose body has an invalid value."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


class _Field(NamedTuple):
    """A field of an activity: its Java class, the types of its JSON, and what is valid."""

    java_class: str
    types: tuple[type, ...]
    is_valid: Callable[[Any], bool] | None = None


def _texts(value: Any) -> bool:
    return all(isinstance(item, str) for item in value)


_TEXT = _Field("java.lang.String", (str,))
_FLAG = _Field("java.lang.Boolean", (bool,))
#: The fields that this stand-in lets a client change. The specification allows each key of an
#: Activity object, and the service ignores those that it computes itself.
_FIELDS = {
    "name": _TEXT,
    "description": _TEXT,
    # On the Activity object, the type is a free text; that an unknown one is refused is a guess.
    "type": _Field("java.lang.String", (str,), TYPES.__contains__),
    "sub_type": _TEXT,
    "tags": _Field("java.util.ArrayList", (list,), _texts),
    "icu_training_load": _Field("java.lang.Integer", (int,), lambda value: value >= 0),
    "icu_rpe": _Field("java.lang.Integer", (int,), lambda value: 1 <= value <= 10),
    "feel": _Field("java.lang.Integer", (int,), lambda value: 1 <= value <= 5),
    "perceived_exertion": _Field("java.lang.Float", (int, float)),
    "trainer": _FLAG,
    "commute": _FLAG,
    "race": _FLAG,
}


def changed_fields(body: Mapping[str, Any], gear: Sequence[Row]) -> Row:
    """Return the keys of an Activity object that a request changes.

    Documented: only the keys that are present change, and -1 clears a number. That null changes
    nothing is a guess, made because null and an absent key mean the same elsewhere in the API.

    Args:
        body: The JSON of the request.
        gear: The equipment of the athlete.

    Raises:
        FieldRefused: If a value has the wrong type or is not valid.
    """
    changes: Row = {}
    for key, value in body.items():
        if value is None:
            continue
        if key == "gear":
            changes[key] = _gear(value, gear)
        elif key in _FIELDS:
            changes[key] = _checked(key, value)
    return changes


def _checked(key: str, value: Any) -> Any:
    field = _FIELDS[key]
    if not isinstance(value, field.types) or (isinstance(value, bool) and bool not in field.types):
        # Seen for parameters: a value of the wrong type is a 500 that names a Java class.
        raise FieldRefused(type_mismatch(field.java_class, str(value)))
    if int in field.types and value == _CLEARED:
        return None
    if field.is_valid is not None and not field.is_valid(value):
        raise FieldRefused(unprocessable(f"Invalid {key}"))
    return value


def _gear(value: Any, gear: Sequence[Row]) -> Row:
    """Return the part of the equipment that an Activity object has."""
    for item in gear:
        if isinstance(value, dict) and item["id"] == value.get("id"):
            return {"id": item["id"], "name": item["name"], "distance": item.get("distance")}
    raise FieldRefused(unprocessable("Gear not found"))
