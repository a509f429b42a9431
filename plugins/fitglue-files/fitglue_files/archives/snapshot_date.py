"""The date of the state that an archive shows, by which a newer archive is recognized."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
#: So many seconds of a day stand for each day since 2000; they last until 2059.
_STEP_S = 4


def snapshot_date(file_date: datetime, starts: Iterable[datetime | None]) -> datetime:
    """Return the date of an archive's state.

    It is the date of its table. A program that unpacks an archive may give the files the date at
    which it unpacked them, and two archives may be unpacked, or downloaded, on the same day. So
    the time of the day is replaced by the newest workout: of two tables of one day, the one with
    the newer workout is the newer archive.

    Args:
        file_date: The date of the table, in UTC.
        starts: The starts of the workouts in the archive, in UTC.
    """
    newest = max((start for start in starts if start is not None), default=_FIRST)
    # A table cannot be older than a workout in it; its date was lost.
    day = max(file_date, newest).date()
    days = max((newest - _FIRST).days, 0)
    seconds = min(days * _STEP_S, 86_399)
    return datetime.combine(day, time(), UTC) + timedelta(seconds=seconds)
