"""Converts local days to and from texts, with which the texts of local times are compared."""

from __future__ import annotations

from datetime import date


def day_text(day: date | None) -> str | None:
    """Return the day as the store writes it, or ``None`` for ``None``."""
    if day is None:
        return None
    return day.isoformat()


def day_of(text: str | None) -> date | None:
    """Return the day that the store wrote, or ``None`` if it wrote none."""
    if not text:
        return None
    return date.fromisoformat(text)


def end_of(day: date) -> str:
    """Return a text that sorts after every time of the day and before the next day."""
    # Times of the day continue with "T", and "U" follows it. The next day would not do: after
    # 9999-12-31, there is no next day.
    return day.isoformat() + "U"
