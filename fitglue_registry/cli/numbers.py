"""Formats numbers for an athlete: kilometers, h:mm:ss, paces, sizes, and how long ago it was.

A value of ``None`` becomes an empty text, because it is the empty cell of a table.
"""

from __future__ import annotations

from datetime import datetime

from fitglue_registry.model.sports import ON_FOOT, family


def km(meters: float | None, digits: int = 1) -> str:
    """Return meters as a number of kilometers without a unit, for a column with the heading km."""
    if meters is None:
        return ""
    return f"{meters / 1000:,.{digits}f}"


def distance(meters: float | None, digits: int = 1) -> str:
    """Return meters as ``850 m`` or ``12.9 km``; ``digits`` is for kilometers."""
    if meters is None:
        return ""
    if meters < 1000:
        return f"{meters:,.0f} m"
    return f"{km(meters, digits)} km"


def clock(seconds: float | None) -> str:
    """Return seconds as h:mm:ss."""
    if seconds is None:
        return ""
    minutes, seconds_of_minute = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds_of_minute:02d}"


def hours(seconds: float | None) -> str:
    """Return seconds as h:mm, for the totals of weeks."""
    if seconds is None:
        return ""
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02d}"


def speed(mps: float | None, sport: str | None) -> str:
    """Return meters per second as the sport's usual unit: min/km, min/100 m, or km/h."""
    if mps is None:
        return ""
    if mps > 0 and sport in ON_FOOT:
        return f"{_minutes(1000 / mps)} /km"
    if mps > 0 and sport is not None and family(sport) == "swimming":
        return f"{_minutes(100 / mps)} /100 m"
    return f"{mps * 3.6:.1f} km/h"


def _minutes(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def whole(value: float | None, *, estimated: bool = False) -> str:
    """Return a number without decimals, marked with ``~`` if it was estimated."""
    if value is None:
        return ""
    mark = "~" if estimated else ""
    return f"{mark}{value:,.0f}"


def plain(value: float) -> str:
    """Return a number with at most two decimals, without trailing zeros."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def span(seconds: float) -> str:
    """Return a duration, rounded to one unit: ``40 s``, ``13 min``, ``3.5 h``, ``3 days``."""
    # Negative if the clocks of the device, the source and this machine disagree.
    if seconds < 0:
        return f"-{span(-seconds)}"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    if seconds < 36 * 3600:
        return f"{plain(round(seconds / 3600, 1))} h"
    return f"{seconds / 86400:.0f} days"


def ago(moment: str | None, now: datetime) -> str:
    """Return how long ago a stored time was: ``just now``, ``3 h ago``, ``on 2026-05-01``."""
    if moment is None:
        return "never"
    seconds = (now - datetime.fromisoformat(moment)).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 30 * 86400:
        return f"{span(seconds)} ago"
    return f"on {moment[:10]}"


def size(size_bytes: float | None) -> str:
    """Return a number of bytes as ``815 B``, ``65.3 kB`` or ``1.2 GB`` (1 kB is 1,000 bytes)."""
    if size_bytes is None:
        return ""
    if size_bytes < 1000:
        return f"{size_bytes:.0f} B"
    for unit in ("kB", "MB"):
        size_bytes /= 1000
        if size_bytes < 1000:
            return f"{size_bytes:.1f} {unit}"
    return f"{size_bytes / 1000:.1f} GB"


def moment(text: str | None) -> str:
    """Return a stored time in the time zone of this machine, to the minute."""
    if not text:
        return ""
    return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M}"


def soon(text: str) -> str:
    """Return a stored time in the time zone of this machine, without the day if it is today."""
    at = datetime.fromisoformat(text).astimezone()
    if at.date() == datetime.now().astimezone().date():
        return f"{at:%H:%M}"
    return f"{at:%Y-%m-%d %H:%M}"
