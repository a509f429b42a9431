"""Reads the value of a field out of what somebody pasted or typed."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.registry.pattern import matches, search

if TYPE_CHECKING:
    from fitglue_registry.registry.entry import Clean, Field

_LONGEST = 4_000
_LONGEST_PATHS = 1_000_000  # of all the files that a shell made out of a star
#: What comes along when a key is copied from a web page or a mail: white space, invisible
#: characters, quotes.
_EDGES = string.whitespace + "\u00a0\u200b\u2060\ufeff\"'`“”‘’"


def read_field(field: Field, pasted: str) -> str:
    """The value in what was pasted.

    Raises ``UserMistake`` (FG-field-refused) when it cannot be one, without ever repeating a
    secret, and ``EntryInvalid`` (FG-entry-bad-pattern) when a pattern of the entry takes too long.
    """
    value = _clean(field, pasted) or field.default or ""
    name = field.label or field.name
    if not value:
        if field.required:
            raise _refusal(field, f"{name} is empty")
        return value
    if field.pattern is not None and not matches(field.pattern, value):
        # A space inside a key is a common mistake of copying, and cannot be seen while typing a
        # secret, so it is named. It is no part of the secret that the error must not repeat.
        if any(map(str.isspace, value)):
            raise _refusal(field, f"{name} contains a space", fix="paste it without the space")
        raise _refusal(field, f"{name} does not look right")
    return value


def _clean(field: Field, pasted: str) -> str:
    value = pasted[: _LONGEST_PATHS if field.path else _LONGEST]
    for step in field.clean:
        value = _apply(step, value)
    return value


def _apply(step: Clean, text: str) -> str:
    """The text after this step; a pattern that is not found changes nothing."""
    if step.strip:
        text = text.strip(_EDGES)
    if not step.extract:
        return text
    extracted = search(step.extract, text)
    return text if extracted is None else extracted


def _refusal(field: Field, what: str, *, fix: str | None = None) -> UserMistake:
    such_as = None
    if field.example and not field.secret:
        such_as = f"it looks like {field.example}"
    return UserMistake(
        "FG-field-refused",
        what,
        at=Place(field=field.name),
        why=such_as,
        fix=fix or field.help or None,
    )
