"""Moments in UTC as texts: the one form that the store, views and JSON have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def utc_text(moment: datetime) -> str:
    """A moment in UTC as ISO 8601 with ``Z``, as exact as it is."""
    return moment.isoformat().replace("+00:00", "Z")


def clock_text(moment: datetime) -> str:
    """A moment of our own clock as ISO 8601 with ``Z``, to the millisecond: texts of one length
    sort as the moments do.
    """
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
