"""The extraction of a field's value from what a person typed or pasted."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.registry.pattern import matches, search

if TYPE_CHECKING:
    from fitglue_registry.registry.entry import Clean, Field

_LONGEST = 4_000
_LONGEST_PATHS = 1_000_000  # a shell can expand one * to thousands of paths
#: Characters that are often copied together with a key from a web page or an email: white space,
#: invisible characters and quotation marks.
_EDGES = string.whitespace + "\u00a0\u200b\u2060\ufeff\"'`“”‘’"


def read_field(field: Field, pasted: str) -> str:
    """Return the value of a field.

    Args:
        field: Field of an entry, with its cleaning steps, its default and its pattern.
        pasted: Text as it was typed or pasted.

    Raises:
        UserMistake: If the text is not a valid value (FG-field-refused). The message never repeats
            the text, which can be a secret.
        EntryInvalid: If matching a pattern of the entry takes too long (FG-entry-bad-pattern).
    """
    value = _clean(field, pasted) or field.default or ""
    name = field.label or field.name
    if not value:
        if field.needed:
            raise _refusal(field, f"{name} is empty")
        return value
    if field.pattern is not None and not matches(field.pattern, value):
        # A space inside a key is a common mistake of copying, and cannot be seen while typing a
        # secret, so it is named. It is no part of the secret that the error must not repeat.
        if any(map(str.isspace, value)):
            raise _refusal(field, f"{name} contains a space", fix="paste it without the space")
        raise _refusal(field, f"{name} does not have the right form")
    return value


def _clean(field: Field, pasted: str) -> str:
    value = pasted[: _LONGEST_PATHS if field.path else _LONGEST]
    for step in field.clean:
        value = _apply(step, value)
    return value


def _apply(step: Clean, text: str) -> str:
    """Return the text after a step; a pattern that does not match changes nothing."""
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
    refused = UserMistake(
        "FG-field-refused",
        what,
        at=Place(field=field.name),
        why=such_as,
        fix=fix or field.help or None,
    )
    refused.from_entry = True
    return refused
