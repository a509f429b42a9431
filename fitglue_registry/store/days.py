"""Local days as the store writes and compares them: the text of a local time begins with one."""

from __future__ import annotations

from datetime import date


def day_text(day: date | None) -> str | None:
    """The day as the store writes it, ``None`` for none."""
    if day is None:
        return None
    return day.isoformat()


def day_of(text: str | None) -> date | None:
    """The day that the store has written, ``None`` for none."""
    if not text:
        return None
    return date.fromisoformat(text)


def end_of(day: date) -> str:
    """A text after every time of that day, whatever follows the T; there may be no next day."""
    return day.isoformat() + "U"
