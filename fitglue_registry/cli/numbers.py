"""Figures as an athlete reads them: kilometres, h:mm:ss, paces, and how long ago something was."""

from __future__ import annotations

from datetime import datetime

from fitglue_registry.model.sports import ON_FOOT, family


def km(metres: float | None, digits: int = 1) -> str:
    """Metres as a bare number of kilometres, for a column that says km."""
    if metres is None:
        return ""
    return f"{metres / 1000:,.{digits}f}"


def distance(metres: float | None, digits: int = 1) -> str:
    """``850 m``, ``12.9 km``."""
    if metres is None:
        return ""
    if metres < 1000:
        return f"{metres:,.0f} m"
    return f"{km(metres, digits)} km"


def clock(seconds: float | None) -> str:
    """Seconds as h:mm:ss."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def hours(seconds: float | None) -> str:
    """Seconds as h:mm, for sums of weeks."""
    if seconds is None:
        return ""
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02d}"


def speed(mps: float | None, sport: str | None) -> str:
    """A pace on foot and in water, km/h elsewhere."""
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
    """A figure without decimals; ``~`` marks one that was estimated."""
    if value is None:
        return ""
    mark = "~" if estimated else ""
    return f"{mark}{value:,.0f}"


def plain(value: float) -> str:
    """A figure with as many decimals as it needs, two at most."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def span(seconds: float) -> str:
    """A time that something took, roughly: ``40 s``, ``13 min``, ``3.5 h``, ``3 days``."""
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
    """How long ago a stored moment was: ``just now``, ``3 h ago``, ``2026-05-01``."""
    if moment is None:
        return "never"
    seconds = (now - datetime.fromisoformat(moment)).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 30 * 86400:
        return f"{span(seconds)} ago"
    return f"on {moment[:10]}"


def size(octets: float | None) -> str:
    """``815 B``, ``65.3 kB``, ``1.2 GB``."""
    if octets is None:
        return ""
    if octets < 1000:
        return f"{octets:.0f} B"
    for unit in ("kB", "MB"):
        octets /= 1000
        if octets < 1000:
            return f"{octets:.1f} {unit}"
    return f"{octets / 1000:.1f} GB"


def moment(text: str | None) -> str:
    """A stored moment in the time of this machine, to the minute."""
    if not text:
        return ""
    return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M}"
