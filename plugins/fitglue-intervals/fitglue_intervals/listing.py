"""Lists an account by windows of days: one tiny request sizes them, then one request each."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from fitglue_intervals.api import (
    activities_path,
    athlete_of,
    read_row,
    rows_of,
)
from fitglue_registry.plugin_api import Listing, Split, Unavailable, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fitglue_registry.plugin_api import Connection

#: The API wants a first day; watches that lost the time have been seen to say 1990, and 1989 is
#: where FIT begins to count.
EPOCH = date(1900, 1, 1)
#: Rows of a window: some 1.5 MB, one transaction of the host.
ROWS = 400
LONGEST = timedelta(days=365)
#: The list is by the athlete's local day, which may be ahead of ours, and by the watch's clock,
#: which may be years ahead.
AHEAD = timedelta(days=3660)


def list_window(connection: Connection, window: Window) -> Iterator[Listing | Split]:
    """The rows of a window, newest first; a window open at both ends is split instead, unless the
    account is empty.
    """
    if window.oldest is None and window.newest is None:
        yield from _split_of(connection, window)
        return
    listings = _listings(_ask(connection, window), window)
    seen: set[str] = set()
    for listing in sorted(listings, key=_newest_first, reverse=True):
        if listing.external_id not in seen:
            seen.add(listing.external_id)
            yield listing


def split(
    days: Sequence[date], rows: int = ROWS, longest: timedelta = LONGEST
) -> tuple[Window, ...]:
    """Contiguous windows that never share a day, newest first, of about ``rows`` rows and a year at
    most.

    The newest is open to the future, since workouts go on arriving; the oldest reaches back to the
    epoch and not only to the oldest row, so that a row that was deleted since, before that day,
    lies in a window whose listing misses it.
    """
    if len(days) <= rows:
        return (Window(EPOCH, None),)
    windows: list[Window] = []
    newest: date | None = None
    ordered = sorted(days, reverse=True)
    first = previous = ordered[0]
    count = 0
    for day in ordered:
        if day != previous and (count >= rows or first - day >= longest):
            windows.append(Window(previous, newest))
            newest = previous - timedelta(days=1)
            first = day
            count = 0
        previous = day
        count += 1
    return (*windows, Window(EPOCH, newest))


def _split_of(connection: Connection, window: Window) -> Iterator[Split]:
    """How to split an open window, if there is anything in it."""
    rows = _ask(connection, window, fields="id,start_date_local")
    days = [_day(row) for row in rows]
    if days:
        yield Split(split([day for day in days if day is not None]))


def _ask(
    connection: Connection,
    window: Window,
    **params: str,
) -> Iterator[bytes]:
    oldest = window.oldest or EPOCH
    newest = window.newest or connection.clock.now().date() + AHEAD
    params = {"oldest": str(oldest), "newest": str(newest), **params}
    return rows_of(connection.http.get(activities_path(athlete_of(connection)), params))


def _listings(rows: Iterable[bytes], window: Window) -> Iterator[Listing]:
    near = datetime.combine(window.oldest or EPOCH, time())
    for content in rows:
        listing = _listing(content, near)
        near = listing.start_local or near
        yield listing


def _listing(content: bytes, near: datetime) -> Listing:
    row = read_row(content)
    if row is None:
        return _unknown(content, near)
    start = local_start(row.start_date_local)
    external_id = row.external_id
    if external_id is None:
        return _unknown(content, start or near)
    unavailable = None
    stub = row.stub
    if stub is not None:
        unavailable = Unavailable(
            external_id,
            "summary",
            "stub",
            stub.code,
            stub.reason,
            stub.fix,
        )
    return Listing(
        external_id,
        content,
        start,
        at_source=_moment(row.created),
        unavailable=unavailable,
    )


def _unknown(content: bytes, start: datetime) -> Listing:
    """A row that is no activity is handed over all the same, under the hash of its bytes: the host
    keeps it in quarantine.

    Where it says no start, it gets that of the row before it, or of the window: so it is missed
    once the list has it no more.
    """
    return Listing(
        f"row-{hashlib.sha256(content).hexdigest()[:16]}",
        content,
        start,
    )


def _newest_first(listing: Listing) -> datetime:
    return listing.start_local or datetime.min  # noqa: DTZ901 - a local time, compared with local times


def _day(content: bytes) -> date | None:
    row = read_row(content)
    if row is None:
        return None
    start = local_start(row.start_date_local)
    return None if start is None else start.date()


def local_start(value: Any) -> datetime | None:
    """The naive local time of a text, or ``None`` where it is not one."""
    try:
        return datetime.fromisoformat(value).replace(tzinfo=None)
    except (TypeError, ValueError):
        return None


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
