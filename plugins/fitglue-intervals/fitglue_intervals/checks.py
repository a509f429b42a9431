"""Holds payloads to the plugin's own schemas, and refuses records with the field that is wrong."""

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
    "nothing is lost: the record is kept and tried again with the next version of "
    "fitglue-intervals; if Intervals.icu shows the activity rightly, report this line"
)


@cache
def contract(name: str) -> Validator:
    """The plugin's own schema of a payload: lenient on unknown keys, strict on the types of what is
    read.
    """
    file = files(__package__) / "schemas" / f"{name}.json"
    return Validator(json.loads(file.read_text("utf-8")))


@cache
def known_keys() -> frozenset[str]:
    """The keys of the API's own dictionary; any other key of an activity is a custom field of the
    athlete.
    """
    properties: Mapping[str, Any] = contract("activity").schema["properties"]
    return frozenset(properties)


def check(name: str, document: Any, subject: str) -> None:
    """Hold a document to a schema; raises ``RecordRefused`` with the first violation and the number
    of the others.
    """
    violations = contract(name).violations(document)
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
    """The refusal of one record, to be raised."""
    return RecordRefused(code, what, at=Place(field=field), fix=fix)


def _path(violation: Violation) -> str:
    path = "$"
    for step in violation.path:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path
