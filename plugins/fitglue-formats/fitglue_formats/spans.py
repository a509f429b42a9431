"""Spans of time in words, for what is said about clocks."""

from __future__ import annotations

_UNITS = (
    ("day", 86_400),
    ("hour", 3600),
    ("minute", 60),
    ("second", 1),
)


def in_words(seconds: float) -> str:
    """Return a span in its two largest units: ``20 days``, ``1 hour 30 minutes``, ``45 seconds``.

    The sign is left out, because the words around it tell the direction.
    """
    left = round(abs(seconds))
    words = []
    for name, length in _UNITS:
        number, left = divmod(left, length)
        if number:
            plural = "" if number == 1 else "s"
            words.append(f"{number:,} {name}{plural}")
    return " ".join(words[:2]) or "0 seconds"


def moved_in_words(seconds: float) -> str:
    """Return by how much a time was moved, and in which direction: ``1 hour earlier``."""
    direction = "later" if seconds > 0 else "earlier"
    return f"{in_words(seconds)} {direction}"
