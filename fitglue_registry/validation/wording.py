"""How messages name things: a value, a list of allowed names, and the name that was meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST_QUOTE = 60


def nearest(name: str, allowed: Iterable[str]) -> str | None:
    """The allowed name that somebody who typed ``name`` most likely meant, if any is near."""
    by_folded = {candidate.casefold(): candidate for candidate in allowed}
    close = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


def one_of(allowed: Iterable[str]) -> str:
    """The names as they are written in a sentence: ``a, b or c``."""
    *names, last = list(allowed) or ["nothing"]
    if not names:
        return last
    listed = ", ".join(names)
    return f"{listed} or {last}"


def describe(value: Any) -> str:
    """A value as a person would name it: short, on one line, and distinct from text that looks
    like it.
    """
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return repr(shorten(value))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    return f"a {type(value).__name__}"


def shorten(text: str) -> str:
    """The beginning of a text, as much as a message quotes of it."""
    if len(text) <= _LONGEST_QUOTE:
        return text
    return f"{text[:_LONGEST_QUOTE]}…"
