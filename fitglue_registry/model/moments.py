"""What holds for every moment: its text form, and which local times are no single moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

FARTHEST_OFFSET_S = 14 * 3600
"""The largest offset from UTC in use, in seconds: the one of the Line Islands, by the IANA data.

Two clocks that are further apart do not show a zone, so one of them is wrong.
"""


def utc_text(moment: datetime) -> str:
    """Return a moment in UTC as ISO 8601 with ``Z``, at its full precision."""
    return moment.isoformat().replace("+00:00", "Z")


def clock_text(moment: datetime) -> str:
    """Return a moment of the host's clock as ISO 8601 with ``Z``, to the millisecond.

    All these texts have the same length, so they sort in the order of the moments.
    """
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_ambiguous(local: datetime, zone: tzinfo) -> bool:
    """Return whether the clocks of a zone show a local time twice, or leave it out.

    On a night when the clocks change, an hour exists twice or not at all. No moment in UTC follows
    from a local time in it.

    Args:
        local: The local time, without a zone.
        zone: The zone, with the rules for its changes of the clocks.
    """
    moment = local.replace(tzinfo=zone)
    # The two offsets differ in both cases (PEP 495).
    return moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset()
