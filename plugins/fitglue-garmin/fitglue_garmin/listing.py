"""Listing of an account by closed windows of days.

The API has neither a total nor a list of what has changed. So each window is read to its end, and a
first sync chooses windows by the age of the oldest activity.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from fitglue_garmin.pages import oldest_row, rows_between
from fitglue_garmin.rows import Row, name_of, read_row, with_legs
from fitglue_registry.payloads import BeyondLimits, check_row
from fitglue_registry.plugin_api import Listing, Split, Unavailable, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fitglue_registry.plugin_api import Connection

#: The first day of the oldest window. It must be early, because a watch that lost its time may
#: record 1989, the epoch of FIT.
EPOCH = date(
    1970,
    1,
    1,
)
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
#: How far after today the newest window ends, because the clock of a watch may be ahead.
AHEAD = timedelta(days=3660)
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
    # A person can name any day of the calendar, and there is none before or after those.
    oldest = max(window.oldest or EPOCH, EPOCH)
    newest = window.newest or connection.clock.now().date() + AHEAD
    newest = min(newest, date.max - _AROUND)
    if newest < oldest:
        return
    rows = rows_between(
        connection,
        oldest - _AROUND,
        newest + _AROUND,
    )
    found = [_Found(content, read_row(content)) for content in rows]
    near = datetime.combine(oldest, time())
    for family in sorted(
        _families(found),
        key=_start_of,
        reverse=True,
    ):
        start = family.row.start_local
        if start is None or oldest <= start.date() <= newest:
            yield _listing(family, near)
            near = start or near


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
    while oldest > max(first_day, EPOCH):
        bounds.append(Window(oldest, newest))
        newest = oldest - _DAY
        oldest -= LENGTH
    return (*bounds, Window(EPOCH, newest))


@dataclass(frozen=True, slots=True)
class _Found:
    """A row of the list: its exact bytes, and the keys that are needed here."""

    content: bytes
    row: Row


def _start_of(found: _Found) -> datetime:
    # A local time without a zone, because it is compared with such times.
    return found.row.start_local or datetime.min  # noqa: DTZ901


def _families(rows: Sequence[_Found]) -> Iterator[_Found]:
    """Yield each row that is not the leg of a listed event; the row of an event has its legs.

    A leg whose event is not listed is a workout of its own, so that nothing is lost.
    """
    listed = {found.row.external_id for found in rows}
    legs: dict[str, list[_Found]] = {}
    others = []
    for found in rows:
        parent_id = found.row.parent_id
        if parent_id is not None and parent_id in listed and parent_id != found.row.external_id:
            legs.setdefault(parent_id, []).append(found)
        else:
            others.append(found)
    for found in others:
        own_legs = legs.get(found.row.external_id or "", [])
        yield _with_legs(found, own_legs)


def _with_legs(
    event: _Found,
    legs: Iterable[_Found],
) -> _Found:
    ordered = sorted(legs, key=_start_of)
    content = with_legs(event.content, [leg.content for leg in ordered])
    return _Found(content, event.row)


def _listing(
    found: _Found,
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
