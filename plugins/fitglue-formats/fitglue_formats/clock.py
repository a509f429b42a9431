"""The start of a workout on both clocks: UTC, and the athlete's own, by an offset that the file
says or by the place.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzfpy import get_tz

#: Latitude and longitude in degrees.
Place: TypeAlias = tuple[float, float]
_DAY_S = 86_400


class _Zone(NamedTuple):
    """A zone, and its offset at some moment."""

    name: str
    offset_s: int


def utc(time: datetime) -> datetime:
    """Times without a zone are UTC in these formats, also where the file forgot to say so."""
    if time.tzinfo is None:
        return time.replace(tzinfo=UTC)
    return time.astimezone(UTC)


def start_fields(
    start: datetime,
    place: Place | None = None,
    offset_s: int | None = None,
) -> dict[str, Any]:
    """The start as fields of the model; the zone's name comes from the place (latitude, longitude),
    and a stated offset wins over it.
    """
    fields: dict[str, Any] = {"start_utc": start}
    zone = _zone(start, place)
    if offset_s is not None and abs(offset_s) > _DAY_S:
        offset_s = None
    if offset_s is None and zone is not None:
        offset_s = zone.offset_s
    if offset_s is None:
        return fields
    offset = timedelta(seconds=offset_s)
    try:
        local = start.replace(tzinfo=None) + offset
    except OverflowError:
        return fields
    fields["start_local"] = local
    fields["utc_offset_s"] = offset_s
    # A watch that was not set to the place's clock (or that trains indoors in another world) has no
    # zone that we could name.
    if zone is not None and zone.offset_s == offset_s:
        fields["timezone"] = zone.name
    return fields


def _zone(start: datetime, place: Place | None) -> _Zone | None:
    """The zone of a place at a moment, ``None`` where it is not known."""
    if place is None:
        return None
    latitude, longitude = place
    try:
        name = get_tz(longitude, latitude)
        offset = start.astimezone(ZoneInfo(name)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError, OSError, OverflowError):
        return None
    if offset is None:
        return None
    return _Zone(name, round(offset.total_seconds()))
