"""The start of a workout on both clocks: UTC, and the athlete's own, by an offset that the file
says or by the place.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fitglue_registry.model import Provenance

_DAY_S = 86_400


def utc(time: datetime) -> datetime:
    """Times without a zone are UTC in these formats, also where the file forgot to say so."""
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def start_fields(
    start: datetime, place: tuple[float, float] | None = None, offset_s: int | None = None
) -> dict[str, Any]:
    """The start as fields of the model; the zone's name comes from the place (latitude, longitude),
    and a stated offset wins over it.
    """
    fields: dict[str, Any] = {"start_utc": start}
    name, zone_offset_s = _zone(start, place)
    if offset_s is None or abs(offset_s) > _DAY_S:
        offset_s = zone_offset_s
    if offset_s is None:
        return fields
    # A watch that was not set to the place's clock (or that trains indoors in another world) has no
    # zone that we could name.
    fields |= {"timezone": name} if name and offset_s == zone_offset_s else {}
    try:
        local = start.replace(tzinfo=None) + timedelta(seconds=offset_s)
    except OverflowError:
        return {"start_utc": start}
    return fields | {"start_local": local, "utc_offset_s": offset_s}


def local_provenance(*, stated: bool) -> dict[str, Provenance]:
    """Where the local start comes from, where that is not the file itself."""
    return (
        {} if stated else {"start_local": Provenance("computed", note="from the zone of the place")}
    )


def _zone(start: datetime, place: tuple[float, float] | None) -> tuple[str | None, int | None]:
    if place is None:
        return None, None
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from tzfpy import get_tz

    try:
        name = get_tz(place[1], place[0])
        offset = start.astimezone(ZoneInfo(name)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError, OSError, OverflowError):
        return None, None
    return name, round(offset.total_seconds()) if offset is not None else None
