"""Validation of payloads against the plugin's own schemas, and the refusal of invalid records."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import Place, RecordRefused
from fitglue_registry.validation.validator import Validator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.validation.violation import Violation

_FIX = (
    "nothing is lost: the record is kept and is tried again with the next version of "
    "fitglue-intervals; if Intervals.icu shows the activity correctly, report this message"
)


@cache
def schema_validator(name: str) -> Validator:
    """Return the validator of one of the plugin's own schemas, ``activity`` or ``streams``.

    The schemas allow unknown keys, because the service has keys that its specification lacks, but
    they are strict about the types of the values that the plugin reads.
    """
    file = files(__package__) / "schemas" / f"{name}.json"
    return Validator(json.loads(file.read_text("utf-8")))


@cache
def known_keys() -> frozenset[str]:
    """Return the keys of the API's own data model.

    Any other key of an activity is a custom field: documented, those are extra keys at the top
    level, with a name that the athlete chose.
    """
    properties: Mapping[str, Any] = schema_validator("activity").schema["properties"]
    return frozenset(properties)


def check(name: str, document: Any, subject: str) -> None:
    """Validate a document.

    Args:
        name: The name of the schema.
        document: The parsed JSON.
        subject: What the document is, for the error ("activity i123").

    Raises:
        RecordRefused: If the document is invalid; the message has the first violation and the
            number of the others.
    """
    violations = schema_validator(name).violations(document)
    if not violations:
        return
    first = violations[0]
    path = _path(first)
    others = len(violations) - 1
    also = f", and {others} more" if others else ""
    raise refuse(f"{subject} cannot be read: {path} {first.message}{also}", field=path)


def refuse(
    what: str, *, field: str, fix: str = _FIX, code: str = "FG-payload-invalid"
) -> RecordRefused:
    """Return the error that refuses one record, for the caller to raise.

    Args:
        what: The sentence for the user.
        field: The JSON path of the wrong value.
        fix: What the user can do.
        code: The FG- code.
    """
    return RecordRefused(code, what, at=Place(field=field), fix=fix)


def _path(violation: Violation) -> str:
    """Return the JSON path of a violation, such as ``$.icu_intervals[3].type``."""
    path = "$"
    for step in violation.path:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path
