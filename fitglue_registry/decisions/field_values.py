"""Which fields of an activity can be edited, and how what somebody typed becomes a value."""

from __future__ import annotations

import math
import types
import typing
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.model import SPORTS, SourceActivity, canonical_sport
from fitglue_registry.registry.merge_rules import UNDECIDED
from fitglue_registry.validation.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Where an activity lies in time is what it is known by.
_START = frozenset(
    {
        "start_utc",
        "start_local",
        "timezone",
        "utc_offset_s",
        "start_precision",
    }
)
#: Resets every field.
ALL = "all"


@cache
def editable_fields() -> dict[str, Any]:
    """Field → its type, for every field that holds one text, number or truth value."""
    editable = {}
    for field in msgspec.structs.fields(SourceActivity):
        if field.name not in UNDECIDED | _START and _is_plain(field.type):
            editable[field.name] = field.type
    return editable


def _is_plain(kind: Any) -> bool:
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return _is_plain(typing.get_args(kind)[0])
    if origin in (typing.Union, types.UnionType):
        return all(part is type(None) or _is_plain(part) for part in typing.get_args(kind))
    return kind in (str, int, float, bool) or origin is Literal


def read_value(field: str, text: str) -> Any:
    """Convert what somebody typed for a field to the type of the model; blank text is ``None``.

    Raises ``UserMistake``.
    """
    editable = editable_fields()
    if field not in editable:
        raise UserMistake(
            "FG-field-unknown",
            f"{field!r} is no field that can be set",
            at=Place(field=field),
            why=f"these can: {', '.join(editable)}",
            fix=_suggestion(field, editable, "use one of these"),
        )
    if not text.strip():
        return None
    try:
        return _converted(field, text, editable[field])
    except ValueError as error:  # msgspec and str.encode raise subclasses of it
        raise UserMistake(
            "FG-value-refused",
            f"{field} cannot be {text!r:.80}",
            at=Place(field=field),
            why=str(error),
            fix="figures are in SI units, as the name of the field says; yes and no are true and "
            "false",
        ) from None


def _converted(
    field: str,
    text: str,
    kind: Any,
) -> Any:
    text.encode()  # raises where a database or a JSON document could not hold it
    plain = _sport(text) if field == "sport" else text.replace("\0", "")
    value = msgspec.convert(plain, kind, strict=False)
    # JSON has no word for infinity, and would clear the field.
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("it is not a finite number")
    return value


def _sport(text: str) -> str:
    sport = canonical_sport(text)
    if sport == "Other" and text.strip().casefold() != "other":
        raise UserMistake(
            "FG-sport-unknown",
            f"there is no sport {text!r:.80}",
            at=Place(field="sport"),
            why=f"there are: {', '.join(SPORTS)}",
            fix=_suggestion(text, SPORTS, "use one of these"),
        )
    return sport


def refuse_unknown_fields(fields: Iterable[str]) -> None:
    """Raise ``UserMistake`` for the first of these that is no field with a source of its own."""
    known = [ALL, "streams"]
    known += [name for name in SourceActivity.__struct_fields__ if name not in UNDECIDED]
    for field in fields:
        if field not in known:
            raise UserMistake(
                "FG-field-unknown",
                f"{field!r} is no field of an activity",
                at=Place(field=field),
                fix=_suggestion(field, known, "docs/data-model.md lists the fields"),
            )


def _suggestion(
    typed: str,
    known: Iterable[str],
    otherwise: str,
) -> str:
    near = nearest(typed, known)
    return f"did you mean {near}?" if near else otherwise
