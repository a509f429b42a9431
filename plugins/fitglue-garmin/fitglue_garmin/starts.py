"""The start of a workout: in UTC and in local time, with its zone and its precision."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fitglue_garmin.payload import refuse
from fitglue_garmin.reading import moment_of, text_of, time_of
from fitglue_registry.model.moments import FARTHEST_OFFSET_S, is_ambiguous

if TYPE_CHECKING:
    from fitglue_garmin.payload import Payload

#: Names of the IANA database. The pattern keeps paths away from ``ZoneInfo``.
_ZONE_NAME = re.compile(r"[A-Za-z_]+(/[A-Za-z0-9_+-]+){0,3}")
#: Files beside the zones of the database, which say something about this machine, or nothing.
_NO_ZONES = ("localtime", "posixrules", "factory")
#: All offsets in use are multiples of 15 minutes.
_QUARTER_S = 900
#: A clock that was never set counts from 1970 or 1989 (FIT profile, type ``date_time``).
_EARLIEST = datetime.fromisoformat("1998-07-03")


def start_fields(
    payload: Payload,
    missing: dict[str, str],
) -> dict[str, Any]:
    """Return the start as fields of the model.

    The list has both starts, and only the detail has the zone. If one of the two starts is unknown,
    it follows from the other one and the zone.

    Args:
        payload: The row and the detail.
        missing: Gets the reason for each field that is left out.

    Raises:
        RecordRefused: If no start is known.
    """
    zone = _zone(payload)
    start = _completed(_stated(payload), zone)
    fields: dict[str, Any] = {
        "start_utc": start.utc,
        "start_local": start.local,
        "timezone": zone and zone.key,
        "start_precision": _precision(payload, start.local),
    }
    if start.utc is None or start.local is None:
        return fields
    offset = _offset(
        start.utc,
        start.local,
        missing,
    )
    if zone is not None and not _has_offset(zone, start.utc, offset.get("utc_offset_s")):
        missing["timezone"] = f"the two starts contradict the zone {zone.key}"
        fields["timezone"] = None
    return fields | offset


@dataclass(frozen=True, slots=True)
class _Start:
    """The start of a workout, of which one half may be unknown.

    Attributes:
        utc: The start in UTC.
        local: The start in local time, without an offset.
    """

    utc: datetime | None
    local: datetime | None


def _stated(payload: Payload) -> _Start:
    """Return the start that the service states, without the half of a clock that was not set.

    Raises:
        RecordRefused: If the service states neither half.
    """
    utc = _utc(payload)
    local = time_of(payload.row.get("startTimeLocal")) or time_of(
        payload.summary.get("startTimeLocal")
    )
    if utc is None and local is None:
        what = f"activity {payload.external_id} of Garmin Connect has no start"
        raise refuse(what, field="$.startTimeGMT")
    if utc is None or local is None or _is_unset(utc) == _is_unset(local):
        return _Start(utc, local)
    # A start that somebody corrected is worth more than that of a clock that was not set.
    if _is_unset(utc):
        return _Start(None, local)
    return _Start(utc, None)


def _completed(start: _Start, zone: ZoneInfo | None) -> _Start:
    """Return a start whose unknown half follows from the other one and the zone."""
    if zone is None:
        return start
    if start.utc is None and start.local is not None and not is_ambiguous(start.local, zone):
        return _Start(_moment(start.local, zone), start.local)
    if start.local is None and start.utc is not None:
        return _Start(start.utc, _clock(start.utc, zone))
    return start


def _has_offset(
    zone: ZoneInfo,
    utc: datetime,
    offset_s: int | None,
) -> bool:
    """Return whether a zone has an offset at some time, or the offset is unknown."""
    clock = _clock(utc, zone)
    if offset_s is None or clock is None:
        return True
    apart_s = (clock - utc.replace(tzinfo=None)).total_seconds()
    return round(apart_s / _QUARTER_S) * _QUARTER_S == offset_s


def _utc(payload: Payload) -> datetime | None:
    """Return the start in UTC; that of a clock that was not set only if there is no other."""
    stated = [
        payload.row.get("startTimeGMT"),
        payload.row.get("beginTimestamp"),
        payload.summary.get("startTimeGMT"),
    ]
    times = [time for time in map(moment_of, stated) if time is not None]
    plausible = [time for time in times if not _is_unset(time)]
    return next(iter((*plausible, *times)), None)


def _is_unset(time: datetime) -> bool:
    """Return whether a time is that of a clock that was never set."""
    return time.replace(tzinfo=None) < _EARLIEST


def _zone(payload: Payload) -> ZoneInfo | None:
    """Return the zone that the detail names, if it is one of the IANA database."""
    unit = payload.section("timeZoneUnitDTO")
    for key in ("timeZone", "unitKey"):
        name = text_of(unit.get(key))
        if name is None or not _ZONE_NAME.fullmatch(name) or name.casefold() in _NO_ZONES:
            continue
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return None


def _moment(
    local: datetime,
    zone: ZoneInfo,
) -> datetime | None:
    try:
        return local.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return None


def _clock(
    utc: datetime,
    zone: ZoneInfo,
) -> datetime | None:
    try:
        return utc.astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        return None


def _offset(
    utc: datetime,
    local: datetime,
    missing: dict[str, str],
) -> dict[str, Any]:
    """Return local start and offset, or the reason why the two starts do not show one."""
    apart_s = round((local.replace(tzinfo=UTC) - utc).total_seconds())
    if abs(apart_s) > FARTHEST_OFFSET_S:
        missing["start_local"] = f"the two starts are {apart_s} s apart, more than in any time zone"
        return {"start_local": None}
    # In some rows of the archive the local time is a second off.
    offset_s = round(apart_s / _QUARTER_S) * _QUARTER_S
    shifted = utc + timedelta(seconds=offset_s)
    return {"start_local": shifted.replace(tzinfo=None), "utc_offset_s": offset_s}


def _precision(
    payload: Payload,
    local: datetime | None,
) -> str:
    """Return how exactly the start is known: a person types no seconds."""
    is_typed = (
        payload.value("isManualActivity") is True or payload.metadata.get("manualActivity") is True
    )
    if is_typed and local is not None and local.second == 0:
        return "minute"
    return "second"
