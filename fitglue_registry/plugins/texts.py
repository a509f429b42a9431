"""Which texts of a plugin every database takes, and how messages show them."""

from __future__ import annotations

import re
from typing import Any

#: An external id is part of an index, which PostgreSQL bounds to a third of a page.
LONGEST_ID = 500
_LONGEST_TEXT = 4000
_LONGEST_SHOWN = 60
_SURROGATE = re.compile("[\ud800-\udfff]")


def is_text(value: Any, most: int = _LONGEST_TEXT) -> bool:
    """Whether this is text that every database takes: Unicode without NUL, of bounded length."""
    if type(value) is not str or len(value) > most or "\0" in value:
        return False
    return value.isascii() or not _SURROGATE.search(value)


def is_text_or_none(value: Any, most: int = _LONGEST_TEXT) -> bool:
    """Whether this is such a text, or nothing."""
    return value is None or is_text(value, most)


def are_texts(values: Any, most: int) -> bool:
    """Whether this is a tuple of such texts, so many at most."""
    if type(values) is not tuple or len(values) > most:
        return False
    return all(map(is_text, values))


def is_sequence(value: Any, most: int) -> bool:
    """Whether this is a tuple or a list of so many items at most."""
    return type(value) in (tuple, list) and len(value) <= most


def is_short_text(value: Any) -> bool:
    """Whether this is such a text, not empty, and no longer than an id."""
    return is_text(value, LONGEST_ID) and bool(value)


def shown(text: str) -> str:
    """The beginning of a text, in quotes."""
    if len(text) > _LONGEST_SHOWN:
        text = f"{text[:_LONGEST_SHOWN]}…"
    return repr(text)


def kind_of(value: Any) -> str:
    """What a value is, in a sentence: its type, and the size of a text."""
    name = type(value).__name__
    if type(value) in (str, bytes):
        return f"{name} of {len(value):,}"
    return name
