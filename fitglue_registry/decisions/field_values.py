"""Lists the fields of an activity that can be edited, and converts typed text to their values."""

from __future__ import annotations

import math
import types
import typing
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import inspect

from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.model import SPORTS, SourceActivity, canonical_sport
from fitglue_registry.registry.merge_rules import UNDECIDED
from fitglue_registry.validation.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The start cannot be edited, because matching relies on it.
_START = frozenset(
    {
        "start_utc",
        "start_local",
        "timezone",
        "utc_offset_s",
        "start_precision",
    }
)
#: The highest value that a person can have, with room for errors; 255 means "not measured" in FIT.
_HIGHEST = {
    "average_heartrate_bpm": 250,
    "max_heartrate_bpm": 250,
    "min_heartrate_bpm": 250,
}
#: In place of a field, this word resets every field.
ALL = "all"


@cache
def editable_fields() -> dict[str, Any]:
    """Return field → type, for every field that holds one text, number or Boolean value."""
    editable = {}
    for field in msgspec.structs.fields(SourceActivity):
        if field.name not in UNDECIDED | _START and _is_plain(field.type):
            editable[field.name] = field.type
    return editable


def _is_plain(kind: Any) -> bool:
    """Return whether a type annotation allows only texts, numbers and Boolean values."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return _is_plain(typing.get_args(kind)[0])
    if origin in (typing.Union, types.UnionType):
        return all(part is type(None) or _is_plain(part) for part in typing.get_args(kind))
    return kind in (str, int, float, bool) or origin is Literal


def read_value(field: str, text: str) -> Any:
    """Convert text that was typed for a field to the type of the model.

    Args:
        field: The name of the field.
        text: The text. Blank text clears the field.

    Returns:
        The value, or ``None`` for blank text.

    Raises:
        UserMistake: FG-field-unknown, FG-value-refused or FG-sport-unknown.
    """
    editable = editable_fields()
    if field not in editable:
        raise _not_editable(field, editable)
    # `--set title=` is how a field is cleared at the command line.
    if not text.strip():
        return None
    try:
        return _converted(field, text, editable[field])
    except ValueError:  # msgspec and str.encode raise subclasses of it
        raise UserMistake(
            "FG-value-refused",
            f"{field} cannot be {text!r:.80}",
            at=Place(field=field),
            fix=f"type {_expected(editable[field], _HIGHEST.get(field))}",
        ) from None


def _not_editable(field: str, editable: Iterable[str]) -> UserMistake:
    """Return the error for a field that cannot be set."""
    suggestion = nearest(field, editable)
    if suggestion:
        return UserMistake(
            "FG-field-unknown",
            f"{field!r} is not a field that can be set",
            at=Place(field=field),
            fix=f"did you mean {suggestion}?",
        )
    # The list is long, so it is only shown if nothing better can be said.
    return UserMistake(
        "FG-field-unknown",
        f"{field!r} is not a field that can be set",
        at=Place(field=field),
        why=f"these fields can be set: {', '.join(editable)}",
        fix="use one of these",
    )


def _expected(kind: Any, highest: int | None) -> str:
    """Return what can be typed for a type, such as "a number from 0, in meters".

    ``highest`` is the highest value, if the type itself does not have one. msgspec's own messages
    name Python types, which mean nothing to an athlete.
    """
    info = inspect.type_info(kind)
    unit = ""
    if isinstance(info, inspect.Metadata):
        # The descriptions of the model end with the unit: "Distance, in meters."
        description = (info.extra_json_schema or {}).get("description", "")
        _, _, unit = description.rstrip(".").partition(", in ")
        info = info.type
    if isinstance(info, inspect.UnionType):
        info = next(part for part in info.types if not isinstance(part, inspect.NoneType))
    match info:
        case inspect.BoolType():
            return "true or false"
        case inspect.LiteralType():
            return f"one of {', '.join(map(str, info.values))}"
        case inspect.IntType():
            return f"a whole number{_limits(info, highest)}"
        case inspect.FloatType():
            number = f"a number{_limits(info, highest)}"
            return f"{number}, in {unit}" if unit else number
    return "text without broken characters"


def _limits(info: inspect.IntType | inspect.FloatType, highest: int | None) -> str:
    if info.ge is None:
        return ""
    most = highest if info.le is None else info.le
    if most is None:
        return f" from {info.ge}"
    return f" from {info.ge} to {most}"


def _converted(
    field: str,
    text: str,
    kind: Any,
) -> Any:
    """Convert text to a type; raise ``ValueError`` or ``UserMistake`` if that is not possible."""
    text.encode()  # raises if a database or a JSON document could not hold the text
    # PostgreSQL cannot store a null character.
    plain = _sport(text) if field == "sport" else text.replace("\0", "")
    value = msgspec.convert(plain, kind, strict=False)
    # JSON has no infinity: it would be stored as null, which clears the field.
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("it is not a finite number")
    if field in _HIGHEST and value is not None and value > _HIGHEST[field]:
        raise ValueError("it is higher than any measurement")
    return value


def _sport(text: str) -> str:
    """Return the canonical name of a sport; raise ``UserMistake`` if the sport is unknown."""
    sport = canonical_sport(text)
    # "Other" is also the result for every unknown name, so only the word itself may mean it.
    if sport == "Other" and text.strip().casefold() != "other":
        raise UserMistake(
            "FG-sport-unknown",
            f"{text!r:.80} is not a known sport",
            at=Place(field="sport"),
            why=f"the known sports are: {', '.join(SPORTS)}",
            fix=_suggestion(text, SPORTS, "use one of these"),
        )
    return sport


def refuse_unknown_fields(fields: Iterable[str]) -> None:
    """Raise ``UserMistake`` for the first name that is not a field whose source can be chosen."""
    # The streams are not a field of the document, but a source can be chosen for them.
    known = [ALL, "streams"]
    known += [name for name in SourceActivity.__struct_fields__ if name not in UNDECIDED]
    for field in fields:
        if field not in known:
            raise UserMistake(
                "FG-field-unknown",
                f"{field!r} is not a field of an activity",
                at=Place(field=field),
                fix=_suggestion(field, known, "docs/data-model.md lists the fields"),
            )


def _suggestion(
    typed: str,
    known: Iterable[str],
    otherwise: str,
) -> str:
    """Return a question about the name that is closest to the typed one, or else another fix."""
    suggestion = nearest(typed, known)
    return f"did you mean {suggestion}?" if suggestion else otherwise
