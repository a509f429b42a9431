"""Functions that phrase values, lists of allowed names and suggestions for messages."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST_QUOTE = 60


def nearest(name: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed name that is most similar to ``name``, or ``None`` if none is similar."""
    by_folded = {candidate.casefold(): candidate for candidate in allowed}
    close = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


def one_of(allowed: Iterable[str]) -> str:
    """Return the names as part of a sentence: ``a, b or c``, or ``nothing`` if there are none.

    They are quoted if one of them could not be seen otherwise, such as a space.
    """
    found = list(allowed) or ["nothing"]
    if any(name != name.strip() or not name for name in found):
        found = [repr(name) for name in found]
    *names, last = found
    if not names:
        return last
    listed = ", ".join(names)
    return f"{listed} or {last}"


def describe(value: Any) -> str:
    """Return a short description of a value, on one line.

    Text is quoted, so that ``'1'`` and ``the number 1`` remain distinct.
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
    """Return the beginning of a text, with an ellipsis if the text is too long to quote."""
    if len(text) <= _LONGEST_QUOTE:
        return text
    return f"{text[:_LONGEST_QUOTE]}…"
