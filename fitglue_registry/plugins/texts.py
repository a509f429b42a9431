"""Decides which texts of a plugin every database can store, and how messages show them."""

from __future__ import annotations

import re
from typing import Any

#: An external id is part of an index, whose rows PostgreSQL limits to a third of a page of 8 kB.
LONGEST_ID = 500
_LONGEST_TEXT = 4000
_LONGEST_SHOWN = 60
_SURROGATE = re.compile("[\ud800-\udfff]")


def is_text(value: Any, most: int = _LONGEST_TEXT) -> bool:
    """Return whether a value is text of bounded length that every database can store.

    PostgreSQL refuses NUL, and no database driver can encode a lone surrogate as UTF-8.
    """
    if type(value) is not str or len(value) > most or "\0" in value:
        return False
    return value.isascii() or not _SURROGATE.search(value)


def is_text_or_none(value: Any, most: int = _LONGEST_TEXT) -> bool:
    """Return whether a value is ``None`` or such a text."""
    return value is None or is_text(value, most)


def are_texts(values: Any, most: int) -> bool:
    """Return whether a value is a tuple of at most ``most`` such texts."""
    if type(values) is not tuple or len(values) > most:
        return False
    return all(map(is_text, values))


def is_sequence(value: Any, most: int) -> bool:
    """Return whether a value is a tuple or a list of at most ``most`` items."""
    return type(value) in (tuple, list) and len(value) <= most


def is_short_text(value: Any) -> bool:
    """Return whether a value is such a text of 1 to ``LONGEST_ID`` characters."""
    return is_text(value, LONGEST_ID) and bool(value)


def quoted(text: str) -> str:
    """Return the beginning of a text in quotes, with control characters escaped."""
    if len(text) > _LONGEST_SHOWN:
        text = f"{text[:_LONGEST_SHOWN]}…"
    return repr(text)


def describe_type(value: Any) -> str:
    """Return the type of a value for a sentence, with the length of a text: ``str of 1,200``."""
    name = type(value).__name__
    if type(value) in (str, bytes):
        return f"{name} of {len(value):,}"
    return name
