"""The start of a workout: in UTC and in local time, with its zone and its precision."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fitglue_intervals.checks import refuse
from fitglue_registry.model.moments import FARTHEST_OFFSET_S, is_ambiguous

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_intervals.values import Values

Precision: TypeAlias = 'Literal["second", "minute", "day"]'

#: Java's zone ids, which are those of the IANA database. It keeps paths away from ``ZoneInfo``.
_ZONE_NAME = re.compile(r"[A-Za-z_]+(/[A-Za-z0-9_+-]+)*")
#: Seen: a workout that was entered by hand or marked as done in the calendar starts at 00:00:00 or
#: at 12:00:00, because its time of day is not known.
_MIDNIGHT = time(0, 0)
_NOON = time(12, 0)
_CLOCK_CHANGE = "the clocks change in that hour, so the local start does not say which moment it is"
#: All zones differ by multiples of 15 minutes.
_SMALLEST_OFFSET_S = 900
_COMPUTED = "from the other start and the zone"
_OUTSIDE = "it would be outside the years 1 to 9999"


@dataclass(frozen=True, slots=True)
class Start:
    """The start of one workout.

    Attributes:
        utc: The UTC time, or None if it is not known.
        local: The local time without a zone, or None if it is not known.
        timezone: The IANA name of the zone, if the source states a known one.
        utc_offset_s: Local time minus UTC in seconds, if both are known.
        precision: How exactly the start is known.
        derived: Model field → the reason why it was computed from the other values.
    """

    utc: datetime | None
    local: datetime | None
    timezone: str | None
    utc_offset_s: int | None
    precision: Precision
    derived: Mapping[str, str] = field(default_factory=dict)


def start_of(values: Values, *, has_samples: bool) -> Start:
    """Return the start of an activity.

    Seen: ``timezone`` was blank in all 781 rows of one account, whose offsets changed with the
    journeys of the athlete. So the offset is the difference of the two starts.

    Args:
        values: The payload.
        has_samples: Whether the activity was recorded, so that its start is exact.

    Raises:
        RecordRefused: If the payload has no start, or a start is not a date and time.
    """
    utc = _moment(values, "start_date")
    local = _moment(values, "start_date_local")
    if utc is None and local is None:
        raise refuse(
            "the activity has no start, neither in UTC nor in local time",
            field="$.start_date_local",
        )
    if utc is not None:
        utc = _in_utc(utc)
    # Seen: a local start has no zone. An offset in it would be false, so it is dropped.
    if local is not None:
        local = local.replace(tzinfo=None)
    timezone = _timezone(values)
    precision = _precision(
        values,
        local,
        is_utc_stated=utc is not None,
        has_samples=has_samples,
    )
    derived = {}
    # A start that is known only to the day has no moment, so no UTC time is computed from it.
    if timezone is not None and precision != "day":
        if utc is None and local is not None:
            utc = _utc_from(local, timezone, values)
            derived["start_utc"] = _COMPUTED
        elif utc is not None and (local is None or _is_elsewhere(local, utc, timezone)):
            derived["start_local"] = _local_note(local, timezone)
            local = _local_from(utc, timezone, values)
    offset_s = _offset_s(local, utc, values)
    name = timezone.key if timezone is not None else None
    starts = {"start_utc": utc, "start_local": local}
    derived = {name: note for name, note in derived.items() if starts[name] is not None}
    return Start(utc, local, name, offset_s, precision, derived)


def _is_elsewhere(
    local: datetime,
    utc: datetime,
    timezone: ZoneInfo,
) -> bool:
    """Return whether a local start is not the time in the stated zone, such as UTC in its place.

    Some services round one of the two starts, so a difference of minutes does not count.
    """
    try:
        expected = utc.astimezone(timezone).replace(tzinfo=None)
    except OverflowError:
        return False
    return abs((local - expected).total_seconds()) >= _SMALLEST_OFFSET_S


def _local_note(local: datetime | None, timezone: ZoneInfo) -> str:
    """Return the reason why a local start was computed."""
    if local is None:
        return _COMPUTED
    return f"the source states {local:%H:%M}, which is not the time in {timezone.key}"


def _moment(values: Values, key: str) -> datetime | None:
    """Return the time of a key, or None; raise ``RecordRefused`` if its text is not a time."""
    text = values.text(key)
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise refuse(f"the start {text!r} is not a date and time", field=f"$.{key}") from error


def _in_utc(moment: datetime) -> datetime:
    """Return a time in UTC; a time without an offset is in UTC already."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise refuse(
            f"the start {moment.isoformat()!r} is outside the years 1 to 9999 in UTC",
            field="$.start_date",
        ) from error


def _timezone(values: Values) -> ZoneInfo | None:
    """Return the zone of the payload, or None; record an unknown name as missing."""
    name = values.text("timezone")
    if name is None or not _ZONE_NAME.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        values.missing["timezone"] = f"{name} is not a known time zone"
        return None


# A watch that lost its time may record a start at the very end of the calendar, so the other start
# can be before the year 1 or after 9999, which Python cannot express. The record is kept anyway.


def _utc_from(
    local: datetime,
    timezone: ZoneInfo,
    values: Values,
) -> datetime | None:
    """Return the UTC time of a local start, or None if it has none, or more than one."""
    if is_ambiguous(local, timezone):
        values.missing["start_utc"] = _CLOCK_CHANGE
        return None
    try:
        return local.replace(tzinfo=timezone).astimezone(UTC)
    except OverflowError:
        values.missing["start_utc"] = _OUTSIDE
        return None


def _local_from(
    utc: datetime,
    timezone: ZoneInfo,
    values: Values,
) -> datetime | None:
    """Return the local time of a UTC start, or None if the calendar does not have it."""
    try:
        return utc.astimezone(timezone).replace(tzinfo=None)
    except OverflowError:
        values.missing["start_local"] = _OUTSIDE
        return None


def _offset_s(
    local: datetime | None,
    utc: datetime | None,
    values: Values,
) -> int | None:
    """Return local time minus UTC in seconds, or None if one of them is unknown.

    If they are further apart than in any zone, None is returned, and the offset is recorded as
    missing.
    """
    if local is None or utc is None:
        return None
    offset_s = round((local.replace(tzinfo=UTC) - utc).total_seconds())
    if abs(offset_s) > FARTHEST_OFFSET_S:
        values.missing["utc_offset_s"] = (
            f"the two starts are {offset_s} s apart, more than in any time zone"
        )
        return None
    return offset_s


def _precision(
    values: Values, local: datetime | None, *, is_utc_stated: bool, has_samples: bool
) -> Precision:
    """Return how exactly the start is known.

    A recorded start is exact to the second. A typed start has no seconds, or no time of day.
    """
    if local is None or has_samples or values.text("file_type"):
        return "second"
    is_typed = values.text("source") == "MANUAL" or not is_utc_stated
    is_planned = values.payload.get("paired_event_id") is not None
    # A person may well type noon as a start; only the calendar uses it for an unknown time.
    is_placeholder = local.time() == _MIDNIGHT or (local.time() == _NOON and is_planned)
    if is_placeholder and (is_typed or is_planned):
        return "day"
    if is_typed and local.second == 0:
        return "minute"
    return "second"
