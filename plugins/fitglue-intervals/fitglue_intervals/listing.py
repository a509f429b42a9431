"""Lists an account by windows of days: one tiny request sizes them, then one request each."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from fitglue_intervals.api import activities_path, athlete_of, read_row, rows_of
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
        days = [_day(row) for row in _ask(connection, window, fields="id,start_date_local")]
        if days:
            yield Split(split([day for day in days if day is not None]))
        return
    seen: set[str] = set()
    for listing in sorted(
        _listings(_ask(connection, window), window), key=_newest_first, reverse=True
    ):
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
    windows: list[Window] = []
    newest: date | None = None
    count, first = 0, None
    previous: date | None = None
    ordered = sorted(days, reverse=True) if len(days) > rows else []
    for day in ordered:
        first = first or day
        if previous is not None and day != previous and (count >= rows or first - day >= longest):
            windows.append(Window(previous, newest))
            newest, count, first = previous - timedelta(days=1), 0, day
        previous, count = day, count + 1
    return (*windows, Window(EPOCH, newest))


def _ask(connection: Connection, window: Window, **params: str) -> Iterator[bytes]:
    newest = window.newest or connection.clock.now().date() + AHEAD
    params = {"oldest": str(window.oldest or EPOCH), "newest": str(newest), **params}
    return rows_of(connection.http.get(activities_path(athlete_of(connection)), params))


def _listings(rows: Iterable[bytes], window: Window) -> Iterator[Listing]:
    near = datetime.combine(window.oldest or EPOCH, time())
    for content in rows:
        listing = _listing(content, near)
        near = listing.start_local or near
        yield listing


def _listing(content: bytes, near: datetime) -> Listing:
    row = read_row(content)
    external_id = row.external_id if row is not None else None
    if row is None or external_id is None:
        # A row that is no activity is handed over all the same, under the hash of its bytes: the
        # host keeps it in quarantine. Where it says no start, it gets that of the row before it, or
        # of the window: so it is missed once the list has it no more.
        start = row and local_start(row.start_date_local)
        return Listing(f"row-{hashlib.sha256(content).hexdigest()[:16]}", content, start or near)
    stub = row.stub
    unavailable = (
        None
        if stub is None
        else Unavailable(external_id, "summary", "stub", stub.code, stub.reason, stub.fix)
    )
    return Listing(
        external_id,
        content,
        local_start(row.start_date_local),
        at_source=_moment(row.created),
        unavailable=unavailable,
    )


def _newest_first(listing: Listing) -> datetime:
    return listing.start_local or datetime.min  # noqa: DTZ901 - a local time, compared with local times


def _day(content: bytes) -> date | None:
    row = read_row(content)
    start = local_start(row.start_date_local) if row is not None else None
    return start and start.date()


def local_start(value: Any) -> datetime | None:
    """The naive local time of a text, or ``None`` where it is not one."""
    try:
        return datetime.fromisoformat(value).replace(tzinfo=None)
    except (TypeError, ValueError):
        return None


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return None
