"""Fills in the local time of an activity from the athlete's home zone, where no zone is known.

This happens when source activities are merged, never when a record is normalized: what a source
says about a workout does not depend on where its athlete lives.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from fitglue_registry.model import Provenance
from fitglue_registry.model.moments import is_ambiguous

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.model import SourceActivity

#: ``Provenance.by`` of a value that was computed with the home zone.
HOME_ZONE = "home zone"


@dataclass(frozen=True, slots=True)
class HomeZones:
    """The zones in which an athlete lives or lived.

    Attributes:
        zones: Pairs of a local day and the IANA name of the zone that holds from that day on,
            oldest first. The day ``date.min`` means from the beginning.
    """

    zones: tuple[tuple[date, str], ...] = ()

    def newest_first(self) -> Iterator[tuple[date, ZoneInfo]]:
        """Yield each zone that this machine knows, and the day from which it holds."""
        for day, name in reversed(self.zones):
            try:
                yield day, ZoneInfo(name)
            # The store may come from a machine with newer data of time zones.
            except (ValueError, OSError, KeyError):
                continue

    def local_time(self, moment: datetime) -> datetime | None:
        """Return a moment in the zone that holds then, or ``None`` if none does."""
        for day, zone in self.newest_first():
            try:
                local = moment.astimezone(zone)
            except OverflowError:  # the first or last day of the calendar
                continue
            if local.date() >= day:
                return local
        return None


def with_home_zone(activity: SourceActivity, homes: HomeZones) -> SourceActivity:
    """Return an activity with the start on both clocks, if only one is known.

    A start that states its zone or its offset stays as it is, and so does a start that is known
    only to the day, or that is only estimated: the clock of a device that was never set says
    nothing about the time of day anywhere. What is filled in is marked as estimated.

    Args:
        activity: The merged activity.
        homes: The home zones of its athlete.
    """
    has_zone = activity.timezone is not None or activity.utc_offset_s is not None
    if not homes.zones or has_zone or activity.start_precision == "day":
        return activity
    if activity.start_is_estimated:
        return activity
    if activity.start_local is None:
        filled = _local_start(activity, homes)
    elif activity.start_utc is None:
        filled = _utc_start(activity.start_local, homes)
    else:
        return activity
    if not filled:
        return activity
    note = f"no zone is known; estimated with your home zone, {filled['timezone']}"
    estimated = Provenance("estimated", by=HOME_ZONE, note=note)
    provenance = {**activity.provenance, **dict.fromkeys(filled, estimated)}
    return msgspec.structs.replace(activity, **filled, provenance=provenance)


def fields_from_home_zone(activity: SourceActivity) -> list[str]:
    """Return the fields of an activity that were filled in from the home zone."""
    provenance = activity.provenance.items()
    return [name for name, stated in provenance if stated.by == HOME_ZONE]


def _local_start(activity: SourceActivity, homes: HomeZones) -> dict[str, Any]:
    """Return the values that follow from the UTC start, or none if no home zone holds then."""
    start_utc = activity.start_utc
    if start_utc is None:
        return {}
    start = homes.local_time(start_utc)
    if start is None:
        return {}
    return {"start_local": start.replace(tzinfo=None), **_zone_fields(start)}


def _utc_start(start_local: datetime, homes: HomeZones) -> dict[str, Any]:
    """Return the values that follow from the local start, or none if no home zone holds then.

    Nothing follows from a local time that exists twice or not at all.
    """
    for day, zone in homes.newest_first():
        if start_local.date() < day:
            continue
        if is_ambiguous(start_local, zone):
            return {}
        start = start_local.replace(tzinfo=zone)
        try:
            return {"start_utc": start.astimezone(UTC), **_zone_fields(start)}
        except OverflowError:  # the first or last day of the calendar
            return {}
    return {}


def _zone_fields(start: datetime) -> dict[str, Any]:
    zone, offset = start.tzinfo, start.utcoffset()
    assert isinstance(zone, ZoneInfo)
    assert offset is not None
    # Before the 20th century, a zone has the mean time of its place, to the second.
    return {"utc_offset_s": round(offset.total_seconds()), "timezone": zone.key}
