"""The value that describes one violation of a JSON Schema in a document."""

from __future__ import annotations

from dataclasses import dataclass

KeyPath = tuple[str | int, ...]
"""The path to a value in a document: keys of mappings and positions in lists."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One violation of a schema.

    Attributes:
        path: Path to the invalid value. For an unknown key it ends with that key; for a missing key
            it ends with the mapping that lacks the key.
        keyword: Keyword of the schema that is violated, such as ``required``.
        message: Explanation that continues a sentence about the value.
        allowed: Names that the schema allows there. For a missing key, this is the key.
    """

    path: KeyPath
    keyword: str
    message: str
    allowed: tuple[str, ...] = ()
