"""When a workout started: in UTC and on the athlete's clock, in which zone, and how exactly that is
known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fitglue_intervals.checks import refuse

if TYPE_CHECKING:
    from fitglue_intervals.values import Values

Precision: TypeAlias = 'Literal["second", "minute", "day"]'

_ZONE_NAME = re.compile(r"[A-Za-z_]+(/[A-Za-z0-9_+-]+)*")
_DAY_S = 86_400
#: Where the web app puts a workout that was entered by hand or ticked off in the calendar, without
#: a time of day.
_MIDNIGHT = time(0, 0)
_NOON = time(12, 0)


@dataclass(frozen=True, slots=True)
class Start:
    """One moment, as far as the source says it; ``derived`` names the model fields that we worked
    out from the others.
    """

    utc: datetime | None
    local: datetime | None
    timezone: str | None
    utc_offset_s: int | None
    precision: Precision
    derived: tuple[str, ...] = ()


def start_of(values: Values, *, has_samples: bool) -> Start:
    """The start of an activity; raises ``RecordRefused`` where there is none, or where it is no
    date.

    ``timezone`` was blank on all 781 rows of one account, so the offset comes from the two dates:
    it travels with the athlete.
    """
    utc = _moment(values, "start_date")
    local = _moment(values, "start_date_local")
    if utc is None and local is None:
        raise refuse(
            "the activity says no start, neither in UTC nor on a local clock",
            field="$.start_date_local",
        )
    if utc is not None:
        utc = _in_utc(utc)
    if local is not None:
        local = local.replace(tzinfo=None)
    timezone = _timezone(values)
    precision = _precision(
        values,
        local,
        is_utc_stated=utc is not None,
        has_samples=has_samples,
    )
    derived: tuple[str, ...] = ()
    if timezone is not None and utc is None and local is not None and precision != "day":
        utc = _utc_from(local, timezone, values)
        derived = ("start_utc",) if utc is not None else ()
    elif timezone is not None and local is None and utc is not None:
        local = _local_from(utc, timezone, values)
        derived = ("start_local",) if local is not None else ()
    offset_s = _offset_s(local, utc, values)
    name = timezone.key if timezone is not None else None
    return Start(utc, local, name, offset_s, precision, derived)


def _moment(values: Values, key: str) -> datetime | None:
    text = values.text(key)
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise refuse(f"the start {text!r} is not a date and time", field=f"$.{key}") from error


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise refuse(
            f"the start {moment.isoformat()!r} is on no calendar", field="$.start_date"
        ) from error


def _timezone(values: Values) -> ZoneInfo | None:
    name = values.text("timezone")
    if name is None or not _ZONE_NAME.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        values.missing["timezone"] = f"{name} is no zone that is known here"
        return None


# A watch that lost the time may say a start whose other one lies before year 1 or after 9999.


def _utc_from(
    local: datetime,
    timezone: ZoneInfo,
    values: Values,
) -> datetime | None:
    try:
        return local.replace(tzinfo=timezone).astimezone(UTC)
    except OverflowError:
        values.missing["start_utc"] = "no calendar has that day"
        return None


def _local_from(
    utc: datetime,
    timezone: ZoneInfo,
    values: Values,
) -> datetime | None:
    try:
        return utc.astimezone(timezone).replace(tzinfo=None)
    except OverflowError:
        values.missing["start_local"] = "no calendar has that day"
        return None


def _offset_s(
    local: datetime | None,
    utc: datetime | None,
    values: Values,
) -> int | None:
    """Local time minus UTC in seconds, where both are known."""
    if local is None or utc is None:
        return None
    offset_s = round((local.replace(tzinfo=UTC) - utc).total_seconds())
    if abs(offset_s) > _DAY_S:
        values.missing["utc_offset_s"] = f"the two starts are {offset_s} s apart, which no zone is"
        return None
    return offset_s


def _precision(
    values: Values, local: datetime | None, *, is_utc_stated: bool, has_samples: bool
) -> Precision:
    """How exact the start is: what a device recorded is exact, what a person typed has no seconds,
    or not even a time of day.
    """
    if local is None or has_samples or values.text("file_type"):
        return "second"
    is_typed = values.text("source") == "MANUAL" or not is_utc_stated
    is_planned = values.payload.get("paired_event_id") is not None
    # At noon only the calendar puts a workout.
    is_placeholder = local.time() == _MIDNIGHT or (local.time() == _NOON and is_planned)
    if is_placeholder and (is_typed or is_planned):
        return "day"
    if is_typed and local.second == 0:
        return "minute"
    return "second"
