"""When a workout started: in UTC and on the athlete's clock, in which zone, and how exactly that is
known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fitglue_intervals.reading import refuse

if TYPE_CHECKING:
    from fitglue_intervals.values import Values

_ZONE_NAME = re.compile(r"[A-Za-z_]+(/[A-Za-z0-9_+-]+)*")
_DAY_S = 86_400
#: Where the web app puts a workout that was entered by hand or ticked off in the calendar, without
#: a time of day.
_PLACEHOLDERS = (time(0, 0), time(12, 0))


@dataclass(frozen=True, slots=True)
class Start:
    """One moment, as far as the source says it; ``derived`` names the model fields that we worked
    out from the others.
    """

    utc: datetime | None
    local: datetime | None
    timezone: str | None
    utc_offset_s: int | None
    precision: Literal["second", "minute", "day"]
    derived: tuple[str, ...] = ()


def start_of(values: Values, *, has_samples: bool) -> Start:
    """The start of an activity; raises ``RecordRefused`` where there is none, or where it is no
    date.

    ``timezone`` was blank on all 781 rows of one account, so the offset comes from the two dates:
    it travels with the athlete.
    """
    utc, local = _moment(values, "start_date"), _moment(values, "start_date_local")
    if utc is None and local is None:
        raise refuse(
            "the activity says no start, neither in UTC nor on a local clock",
            field="$.start_date_local",
        )
    utc = utc and _in_utc(utc)
    local = local and local.replace(tzinfo=None)
    name, zone = _zone(values)
    precision = _precision(values, local, stated=utc is not None, has_samples=has_samples)
    derived: tuple[str, ...] = ()
    try:
        if zone is not None and utc is None and local is not None and precision != "day":
            utc, derived = local.replace(tzinfo=zone).astimezone(UTC), ("start_utc",)
        elif zone is not None and local is None and utc is not None:
            local, derived = utc.astimezone(zone).replace(tzinfo=None), ("start_local",)
    # A watch that lost the time: its other start would lie before year 1 or after 9999.
    except OverflowError:
        values.missing["start_local" if local is None else "start_utc"] = "no calendar has that day"
    offset = round((local.replace(tzinfo=UTC) - utc).total_seconds()) if local and utc else None
    if offset is not None and abs(offset) > _DAY_S:
        values.missing["utc_offset_s"] = f"the two starts are {offset} s apart, which no zone is"
        offset = None
    return Start(utc, local, name, offset, precision, derived)


def _moment(values: Values, key: str) -> datetime | None:
    text = values.text(key)
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError as error:
        raise refuse(f"the start {text!r} is not a date and time", field=f"$.{key}") from error


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError as error:
        raise refuse(
            f"the start {moment.isoformat()!r} is on no calendar", field="$.start_date"
        ) from error


def _zone(values: Values) -> tuple[str | None, ZoneInfo | None]:
    name = values.text("timezone")
    if name is None or not _ZONE_NAME.fullmatch(name):
        return None, None
    try:
        return name, ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        values.missing["timezone"] = f"{name} is no zone that is known here"
        return None, None


def _precision(
    values: Values, local: datetime | None, *, stated: bool, has_samples: bool
) -> Literal["second", "minute", "day"]:
    """How exact the start is: what a device recorded is exact, what a person typed has no seconds,
    or not even a time of day.
    """
    if local is None or has_samples or values.text("file_type"):
        return "second"
    by_hand = values.text("source") == "MANUAL"
    planned = values.payload.get("paired_event_id") is not None
    if (
        local.time() in _PLACEHOLDERS
        and (by_hand or planned or not stated)
        and (local.time() == time(0, 0) or planned)
    ):
        return "day"
    return "minute" if local.second == 0 and (by_hand or not stated) else "second"
