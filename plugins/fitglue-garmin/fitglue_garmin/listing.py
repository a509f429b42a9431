"""Listing of an account by closed windows of days.

The API has neither a total nor a list of what has changed. So each window is read to its end, and a
first sync chooses windows by the age of the oldest activity.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from fitglue_garmin.families import families, start_of
from fitglue_garmin.pages import oldest_row, rows_between
from fitglue_garmin.rows import name_of, read_row
from fitglue_registry.payloads import BeyondLimits, check_row
from fitglue_registry.plugin_api import Listing, Split, Unavailable, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_garmin.families import Found
    from fitglue_registry.plugin_api import Connection

#: The first day of the oldest window: no row can start before it, whatever its clock showed.
EPOCH = date.min
#: A window that begins on this day or before has no first day. A clock that was never set shows
#: 1970, which is 1969 in local time west of Greenwich.
_UNSET = date(
    1970,
    1,
    1,
)
#: The first and the last day that are asked for if a window has none.
_FIRST_ASKED = date(
    1900,
    1,
    1,
)
_LAST_ASKED = date.max
#: The first windows of an account whose oldest row has no start reach back to this day, which is
#: before Garmin Connect existed.
_LONG_AGO = date(
    2005,
    1,
    1,
)
#: The length of the newest window: its workouts can be used after a few requests.
NEWEST = timedelta(days=90)
#: The length of the other windows. A window is stored in one transaction.
LENGTH = timedelta(days=365)
#: Legs begin at most this long after their event. The days around a window are read as well, so
#: that an event and its legs are listed together although midnight is between them.
_AROUND = timedelta(days=1)
_DAY = timedelta(days=1)


def list_window(
    connection: Connection,
    window: Window,
) -> Iterator[Listing | Split]:
    """Yield the activities of a window, newest first, each event with its legs.

    For a window that is open at both ends, a ``Split`` into smaller windows is yielded instead, or
    nothing if the account is empty.

    Raises:
        ConnectionStopped: If a response is not a list of rows.
    """
    if window.oldest is None and window.newest is None:
        yield from _split(connection)
        return
    oldest = window.oldest or EPOCH
    if oldest <= _UNSET:
        oldest = EPOCH
    newest = window.newest or date.max
    asked = _days_asked(oldest, newest)
    if asked is None:
        return
    near = datetime.combine(max(oldest, _UNSET), time())
    for family in sorted(
        families(rows_between(connection, *asked)),
        key=start_of,
        reverse=True,
    ):
        start = family.row.start_local
        if start is None or oldest <= start.date() <= newest:
            yield _listing(family, near)
            near = start or near


def _days_asked(
    oldest: date,
    newest: date,
) -> tuple[date, date] | None:
    """Return the first and the last day to ask for, or ``None`` if a window has no such day.

    A person can name any day of the calendar, and there is none before or after those.
    """
    first = _FIRST_ASKED
    if oldest > _FIRST_ASKED:
        first = oldest - _AROUND
    last = _LAST_ASKED
    if newest < _LAST_ASKED:
        last = newest + _AROUND
    if newest < oldest or last < first:
        return None
    return first, last


def _split(connection: Connection) -> Iterator[Split]:
    """Yield how to split the history; nothing if the account has no activities."""
    content = oldest_row(connection)
    if content is None:
        return
    start = read_row(content).start_local
    first_day = _LONG_AGO
    if start is not None:
        first_day = start.date()
    yield Split(windows(first_day, connection.clock.now().date()))


def windows(
    first_day: date,
    today: date,
) -> tuple[Window, ...]:
    """Return contiguous windows that do not share a day, newest first.

    The newest window is open to the future, because more workouts will arrive. The oldest one
    reaches back to ``EPOCH``: if a workout that is older than all others is deleted, it must be in
    a window whose listing lacks it.

    Args:
        first_day: The local day of the oldest activity.
        today: The current day.
    """
    bounds = []
    oldest = today - NEWEST
    newest: date | None = None
    while oldest > max(first_day, _UNSET):
        bounds.append(Window(oldest, newest))
        newest = oldest - _DAY
        oldest -= LENGTH
    return (*bounds, Window(EPOCH, newest))


def _listing(
    found: Found,
    near: datetime,
) -> Listing:
    """Return the listing of a row.

    Args:
        found: The row.
        near: The start of a row before it, for a row that has neither a start nor an id: the host
            then notices when a later listing of that day no longer has it.
    """
    external_id = found.row.external_id
    start = found.row.start_local
    try:
        check_row(found.content)
    except BeyondLimits as limit:
        return _too_large(
            external_id or name_of(found.content),
            start or near,
            str(limit),
        )
    if external_id is None:
        return Listing(
            name_of(found.content),
            found.content,
            start or near,
        )
    without = {}
    if found.row.is_manual:
        without["file"] = "it was entered by hand"
    return Listing(
        external_id,
        found.content,
        start,
        without=without,
    )


def _too_large(
    external_id: str,
    start: datetime,
    why: str,
) -> Listing:
    """Return the listing of a row that is larger than any real one.

    The host stores nothing of it and reports it in each sync until the row is smaller.
    """
    unavailable = Unavailable(
        external_id,
        "summary",
        "later",
        "FG-row-too-large",
        f"its row in the list is larger than that of any real workout: {why}",
        "open the activity in Garmin Connect and delete what makes it so large, such as a very "
        "long description",
    )
    return Listing(
        external_id,
        b"",
        start,
        unavailable=unavailable,
    )
