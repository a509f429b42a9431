"""When a permission ends that nobody renews, and from when on an athlete should know of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

#: How long before its end an athlete hears of it. Of a permission that is valid for a short time,
#: it is this part of the time: each sync renews it, so that it seldom ends.
_ANNOUNCED = timedelta(days=14)
_PART_OF_LIFETIME = 4
#: Below this, the end cannot be announced in time: every day without a sync ends the permission.
_SHORTEST = timedelta(days=2)
#: Two moments that differ by less are the same end: services state whole seconds.
_SAME = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class PermissionEnd:
    """When a permission ends unless it is renewed, and from when on an athlete should know."""

    at: datetime
    announce_at: datetime


def end_at(moment: datetime, now: datetime) -> PermissionEnd:
    """Return the end of a permission that begins now.

    Args:
        moment: When it ends.
        now: The current time.
    """
    lifetime = moment - now
    if lifetime < _SHORTEST:
        return PermissionEnd(moment, moment)
    return PermissionEnd(moment, moment - min(_ANNOUNCED, lifetime / _PART_OF_LIFETIME))


def later_end(before: PermissionEnd | None, end: PermissionEnd | None) -> PermissionEnd | None:
    """Return the end of a permission that was renewed.

    Args:
        before: Its end, as an earlier response stated it.
        end: Its end, as the renewal states it. If it is the same moment, the renewal has not made
            the permission any longer, and it is announced as before.
    """
    if before is None or end is None:
        return end or before
    return before if abs(end.at - before.at) < _SAME else end
