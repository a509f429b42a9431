"""The text form of moments in UTC, which the store, the views and JSON share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

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
