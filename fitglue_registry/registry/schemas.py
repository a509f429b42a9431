"""The published JSON Schemas of a registry, and their violations as flaws."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from fitglue_registry.registry.flaw import Flaw
from fitglue_registry.registry.folders import default_folder
from fitglue_registry.validation.validator import Validator
from fitglue_registry.validation.wording import nearest, one_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.validation.violation import Violation

#: A message that lists every key of an entry would hide what is wrong.
_SHOWN_NAMES = 12
#: Keyword of a schema → code of the error that a violation becomes.
_CODES = {
    "additionalProperties": "FG-entry-unknown-key",
    "required": "FG-entry-missing-key",
    "type": "FG-entry-wrong-type",
    "enum": "FG-entry-not-allowed",
    "const": "FG-entry-not-allowed",
}

#: Key of an earlier version of the entry format → what takes its place.
_REPLACED = {
    "allowed_hosts": "list the hosts other than that of base_url in hosts, such as "
    "{host: files.example.org, credential: false}",
}


@cache
def validator(name: str) -> Validator:
    """Return the validator for a published schema, such as ``entry`` or ``tiers``."""
    file = default_folder() / "schemas" / f"{name}.json"
    return Validator(json.loads(file.read_bytes()))


def schema_flaws(name: str, document: Any) -> Iterator[Flaw]:
    """Yield a flaw for each violation of a schema, such as ``entry``, in a document."""
    for violation in validator(name).violations(document):
        yield _flaw(violation, document)


def _flaw(violation: Violation, document: Any) -> Flaw:
    typed = _typed_name(violation, document)
    near = nearest(typed, violation.allowed) if typed else None
    is_unknown_key = violation.keyword == "additionalProperties"
    fix = f"did you mean {near}?" if near else None
    if is_unknown_key:
        fix = _REPLACED.get(str(typed), fix)
    return Flaw(
        _CODES.get(violation.keyword, "FG-entry-wrong-form"),
        violation.path,
        violation.message,
        why=_allowed_here(violation.allowed) if is_unknown_key else None,
        fix=fix,
        at_key=is_unknown_key,
    )


def _typed_name(violation: Violation, document: Any) -> str | None:
    """Return the name that the author typed instead of an allowed one, or ``None``."""
    if violation.keyword == "additionalProperties":
        return str(violation.path[-1])
    if violation.keyword != "enum":
        return None
    value = document
    for step in violation.path:
        value = value[step]
    return value if isinstance(value, str) else None


def _allowed_here(names: tuple[str, ...]) -> str:
    left_out = len(names) - _SHOWN_NAMES
    if left_out <= 0:
        return f"allowed here: {one_of(names)}"
    shown = ", ".join(names[:_SHOWN_NAMES])
    return f"allowed here: {shown} and {left_out} more"
