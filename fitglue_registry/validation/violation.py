"""What a JSON Schema does not allow in a document, as a value."""

from __future__ import annotations

from dataclasses import dataclass

KeyPath = tuple[str | int, ...]
"""The way to a part of a document: keys of mappings and positions in lists."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that a schema does not allow: where, which keyword of the schema, in our words, and
    the names that are allowed.

    ``path`` ends with the key itself for an unknown key, and with the mapping for a missing one,
    which is ``allowed[0]``.
    """

    path: KeyPath
    keyword: str
    message: str
    allowed: tuple[str, ...] = ()
