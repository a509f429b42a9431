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
        if number == 0:
            continue
        plural = "s"
        if number == 1:
            plural = ""
        words.append(f"{number:,} {name}{plural}")
    if not words:
        return "0 seconds"
    return " ".join(words[:2])


def moved_in_words(seconds: float) -> str:
    """Return by how much a time was moved, and in which direction: ``1 hour earlier``."""
    span = in_words(seconds)
    if seconds > 0:
        return f"{span} later"
    return f"{span} earlier"
