"""The start of a workout on two clocks: UTC, and the athlete's local clock.

The local clock follows from an offset that the file states, or from the place of the start.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzfpy import get_tz

from fitglue_registry.model.moments import FARTHEST_OFFSET_S

#: Latitude and longitude in degrees.
Place: TypeAlias = tuple[float, float]
#: No program writes a longer time.
_LONGEST_TIME = 100
_FARTHEST = timedelta(seconds=FARTHEST_OFFSET_S)
#: Forms of a time that are not ISO 8601 but leave no doubt: a space for the ``T``, numbers without
#: leading zeros, a decimal comma, ``UTC`` for the ``Z``.
_LENIENT_TIME = re.compile(
    r"(\d{4})[-/](\d\d?)[-/](\d\d?)[T ]+(\d\d?):(\d\d?):(\d\d?)(?:[.,](\d{1,9}))?"
    r" *(?:Z|UTC|GMT|([+-])(\d\d?):?(\d\d)?)?",
    re.IGNORECASE,
)
#: The end of a time with a zone: ``Z`` or its synonyms, or an offset from UTC.
_ZONE = re.compile(
    r":\d\d(?:[.,]\d+)? *(?:(Z|UTC|GMT)|([+-])(\d\d?):?(\d\d)?)\Z",
    re.IGNORECASE,
)


class StatedZone(NamedTuple):
    """What the text of a time states about its zone.

    Attributes:
        is_stated: Whether it states any zone.
        offset_s: The seconds by which the local clock is ahead of UTC; ``None`` for UTC itself,
            which most programs write wherever the athlete was.
        doubt: Why the times count as UTC, if the text does not say so.
    """

    is_stated: bool
    offset_s: int | None = None
    doubt: str | None = None


def stated_zone(text: str | None) -> StatedZone:
    """Return what the text of a time states about its zone.

    Args:
        text: The text, or ``None`` if there is no time.
    """
    end = (text or "").strip()[-_LONGEST_TIME:]
    match = _ZONE.search(end)
    if match is None:
        return StatedZone(
            is_stated=False,
            doubt="the file states none, so its times count as UTC",
        )
    _, sign, hours, minutes = match.groups()
    if sign is None:
        return StatedZone(is_stated=True)
    offset_s = int(hours) * 3600 + int(minutes or 0) * 60
    if sign == "-":
        offset_s = -offset_s
    if abs(offset_s) > FARTHEST_OFFSET_S:
        stated = f"{sign}{hours}:{minutes or '00'}"
        return StatedZone(
            is_stated=False,
            doubt=f"the file states {stated}, which no zone has, so its times count as UTC",
        )
    return StatedZone(is_stated=True, offset_s=offset_s or None)


class _Zone(NamedTuple):
    """A time zone and its offset at one moment."""

    name: str
    offset_s: int


def utc(time: datetime) -> datetime:
    """Return a time in UTC.

    A time without a zone is taken as UTC: GPX and TCX define their times that way, and files that
    leave out the ``Z`` mean the same. So is a time with an offset that no zone has.
    """
    offset = time.utcoffset()
    if offset is None or abs(offset) > _FARTHEST:
        return time.replace(tzinfo=UTC)
    return time.astimezone(UTC)


def parsed_time(text: str | None) -> datetime | None:
    """Return a time in UTC, or ``None`` if the text is missing or not a time of the calendar."""
    if not text:
        return None
    text = text.strip()
    if len(text) > _LONGEST_TIME:
        return None
    try:
        return utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return _lenient(text)


def parsed_seconds(text: str | None) -> float:
    """Return a time in seconds since 1970 (UTC), or NaN if the text is not a time."""
    if text is None:
        return math.nan
    try:
        # Nearly every time of a recording is written like this, and there can be a million of them.
        if text.endswith("Z"):
            return datetime.fromisoformat(text).timestamp()
    except ValueError:
        pass
    return _seconds(text)


def _seconds(text: str) -> float:
    time = parsed_time(text)
    return math.nan if time is None else time.timestamp()


def _lenient(text: str) -> datetime | None:
    """Return a time that is written in an unusual but clear form, or ``None``."""
    match = _LENIENT_TIME.fullmatch(text)
    if match is None:
        return None
    numbers = [int(part) for part in match.groups()[:6]]
    fraction = float(f"0.{match[7] or 0}")
    offset = timedelta(
        hours=int(match[9] or 0),
        minutes=int(match[10] or 0),
    )
    if match[8] == "-":
        offset = -offset
    *date, hours, minutes, seconds = numbers
    # A leap second is the sixtieth second; devices also write 24:00:00.
    later = timedelta(
        hours=hours,
        minutes=minutes,
        seconds=seconds + fraction,
    )
    if hours > 24 or minutes > 59 or seconds > 60:
        return None
    if abs(offset) > _FARTHEST:
        offset = timedelta()
    try:
        return (
            datetime(
                date[0],
                date[1],
                date[2],
                tzinfo=UTC,
            )
            + later
            - offset
        )
    except (ValueError, OverflowError):
        return None


def start_fields(
    start: datetime,
    place: Place | None = None,
    offset_s: int | None = None,
    offset_at: datetime | None = None,
) -> dict[str, Any]:
    """Return the start of a workout as fields of the model.

    The offset is the one that the file states; without it, the offset of the place at that moment.
    If both are unknown, only ``start_utc`` is returned.

    Many files state the offset of the end. On a night when the clocks change, it is not the
    offset of the start. So if the stated offset is the one that the place has at ``offset_at``, the
    clock was the one of the place, and the offset of the place at the start is returned.

    Args:
        start: The start in UTC.
        place: Latitude and longitude of the start in degrees, if known.
        offset_s: How many seconds the local clock is ahead of UTC, as the file states it. An
            offset that no zone has is ignored.
        offset_at: The time in UTC at which the stated offset holds; the start by default.

    Returns:
        ``start_utc`` and, if they are known, ``start_local``, ``utc_offset_s`` and ``timezone`` (an
        IANA name).
    """
    fields: dict[str, Any] = {"start_utc": start}
    zone = _zone(start, place)
    # Such an offset is a mistake in the file.
    if offset_s is not None and abs(offset_s) > FARTHEST_OFFSET_S:
        offset_s = None
    if zone is not None and offset_s in (None, _offset_s(zone.name, offset_at or start)):
        offset_s = zone.offset_s
    if offset_s is None:
        return fields
    offset = timedelta(seconds=offset_s)
    try:
        local = start.replace(tzinfo=None) + offset
    except OverflowError:  # a start in year 1 or 9999, which a damaged file can state
        return fields
    fields["start_local"] = local
    fields["utc_offset_s"] = offset_s
    # If the watch was not set to the clock of the place (or the place is in a virtual world), the
    # zone of the place is the wrong name for its offset.
    if zone is not None and zone.offset_s == offset_s:
        fields["timezone"] = zone.name
    return fields


def _zone(
    start: datetime,
    place: Place | None,
) -> _Zone | None:
    """Return the zone of a place at a moment, or ``None`` if it is unknown."""
    if place is None:
        return None
    latitude, longitude = place
    try:
        name = get_tz(longitude, latitude)
    except ValueError:  # coordinates that are not on Earth
        return None
    offset_s = _offset_s(name, start)
    if offset_s is None:
        return None
    return _Zone(name, offset_s)


def _offset_s(zone: str, time: datetime) -> int | None:
    """Return the offset of a zone at a time in seconds, or ``None`` if it is unknown."""
    try:
        offset = time.astimezone(ZoneInfo(zone)).utcoffset()
    # tzfpy may know a newer zone than the tzdata that is installed.
    except (ZoneInfoNotFoundError, ValueError, OSError, OverflowError):
        return None
    if offset is None:
        return None
    return round(offset.total_seconds())
