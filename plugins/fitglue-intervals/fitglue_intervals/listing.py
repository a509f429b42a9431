"""Listing of an account by windows of days.

Documented: the API filters by start date only, and has neither pages nor a cursor. So a first sync
asks for two keys of each row, and chooses windows of a suitable size from the response.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from fitglue_intervals.api import (
    Row,
    activities_path,
    read_row,
    requested_athlete,
    rows_of_response,
)
from fitglue_registry.errors import ConnectionStopped
from fitglue_registry.payloads import BeyondLimits, check_row
from fitglue_registry.plugin_api import Listing, Split, Unavailable, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fitglue_registry.plugin_api import Connection

#: The first day of the oldest window, since the API requires ``oldest``. It must be early, because
#: a watch that lost its time may record 1989, the epoch of FIT, or 1990.
EPOCH = date(1900, 1, 1)
#: Rows per window: about 1.5 MB of JSON, which the host stores in one transaction.
ROWS_PER_WINDOW = 400
LONGEST_WINDOW = timedelta(days=365)
#: The largest number of rows that one response may have. A window has more than ``ROWS_PER_WINDOW``
#: only if its last day has many, or if many have arrived since.
MOST_ROWS = 10_000
#: The largest number of rows of one local day. The host compares all workouts of a day with one
#: another, which takes seconds for so many and hours for thousands.
MOST_ROWS_OF_DAY = 100
#: The largest number of activities of an account, whose rows have two keys in the response by which
#: windows are chosen.
MOST_ACTIVITIES = 250_000
#: The errors for a response that has more bytes or rows than one may have.
_TOO_LONG = ("FG-answer-too-large", "FG-answer-beyond-limits")
#: How far after today the newest window ends. The list is by the athlete's local day, which may be
#: ahead of UTC, and by the clock of the watch, which may be years ahead.
AHEAD = timedelta(days=3660)


def list_window(connection: Connection, window: Window) -> Iterator[Listing | Split]:
    """Yield the rows of a window, newest first.

    For a window that is open at both ends, a ``Split`` into smaller windows is yielded instead, or
    nothing if the account is empty. A ``Split`` also replaces the rows of a window that has too
    many of them for one response.

    Raises:
        ConnectionStopped: If the response is not a list, or if a window that cannot be split has
            too many rows.
    """
    if window.oldest is None and window.newest is None:
        yield from _split_of(connection, window)
        return
    try:
        rows = _request_rows(connection, window, MOST_ROWS)
    except ConnectionStopped as error:
        if error.code not in _TOO_LONG:
            raise
        splits = list(_split_of(connection, window))
        if not splits or len(splits[0].windows) == 1:
            raise
        yield from splits
        return
    listings = _listings(rows, window)
    # Seen: the service answers newest first. The hook promises that order, so it does not rely on
    # the service, and yields each id once.
    seen: set[str] = set()
    rows_of_day: Counter[date | None] = Counter()
    for listing in sorted(listings, key=_newest_first, reverse=True):
        if listing.external_id in seen:
            continue
        seen.add(listing.external_id)
        day = listing.start_local.date() if listing.start_local else None
        rows_of_day[day] += 1
        if rows_of_day[day] > MOST_ROWS_OF_DAY and listing.unavailable is None:
            yield _of_full_day(listing)
        else:
            yield listing


def split(
    days: Sequence[date], rows: int = ROWS_PER_WINDOW, longest: timedelta = LONGEST_WINDOW
) -> tuple[Window, ...]:
    """Return contiguous windows that do not share a day, newest first.

    The newest window is open to the future, because more workouts will arrive. The oldest one
    reaches back to ``EPOCH`` and not only to the oldest row: if a record that is older than all
    rows was deleted, it must be in a window whose listing lacks it, or it would never be noticed.

    Args:
        days: The local day of each row.
        rows: After how many rows a window ends with the day.
        longest: The length after which a window ends with the day.
    """
    # One window that is bounded at one end: an open one would be sized again by the next request.
    if len(days) <= rows:
        return (Window(EPOCH, None),)
    windows: list[Window] = []
    newest: date | None = None
    ordered = sorted(days, reverse=True)
    first = previous = ordered[0]
    count = 0
    for day in ordered:
        # A window ends only between two days, because the API's windows include whole days.
        if day != previous and (count >= rows or first - day >= longest):
            windows.append(Window(previous, newest))
            newest = previous - timedelta(days=1)
            first = day
            count = 0
        previous = day
        count += 1
    return (*windows, Window(EPOCH, newest))


def _split_of(connection: Connection, window: Window) -> Iterator[Split]:
    """Yield how to split a window; nothing if it has no rows."""
    rows = _request_rows(connection, window, MOST_ACTIVITIES, fields="id,start_date_local")
    days = [_day(row) for row in rows]
    if days:
        windows = split([day for day in days if day is not None and _is_in(day, window)])
        yield Split(_within(windows, window))


def _is_in(day: date, window: Window) -> bool:
    return (window.oldest or EPOCH) <= day <= (window.newest or date.max)


def _within(windows: Sequence[Window], whole: Window) -> tuple[Window, ...]:
    """Return windows that cover all days, cut off at both ends of a window that they belong to."""
    ends = [whole.newest, *(window.newest for window in windows[1:])]
    starts = [*(window.oldest for window in windows[:-1]), whole.oldest or EPOCH]
    return tuple(Window(oldest, newest) for oldest, newest in zip(starts, ends, strict=True))


def _request_rows(
    connection: Connection,
    window: Window,
    most_rows: int,
    **params: str,
) -> Iterator[bytes]:
    """Return the rows of one list request, each as its exact bytes."""
    oldest = window.oldest or EPOCH
    newest = window.newest or connection.clock.now().date() + AHEAD
    params = {"oldest": str(oldest), "newest": str(newest), **params}
    answer = connection.http.get(activities_path(requested_athlete(connection)), params)
    return rows_of_response(answer, most_rows)


def _listings(rows: Iterable[bytes], window: Window) -> Iterator[Listing]:
    """Yield a listing for each row; ``near`` is a start for rows that have none."""
    near = datetime.combine(window.oldest or EPOCH, time())
    for content in rows:
        listing = _listing(content, near)
        near = listing.start_local or near
        yield listing


def _listing(content: bytes, near: datetime) -> Listing:
    """Return the listing of one row, which says at once if its parts will never be delivered."""
    row = read_row(content) or Row()
    start = local_start(row.start_date_local)
    external_id = row.external_id
    try:
        check_row(content)
    except BeyondLimits as limit:
        return _too_large(external_id or _hash_name(content), near, str(limit))
    if external_id is None:
        return _unidentified(content, start or near)
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


def _unidentified(content: bytes, start: datetime) -> Listing:
    """Return the listing of a row without a usable id, named after the hash of its bytes.

    The host keeps such a row in quarantine. The hash gives it the same name on the next sync. Its
    start, if it has none, is that of the row before it or of the window: the host then notices when
    a listing of that window no longer has the row.
    """
    return Listing(_hash_name(content), content, start)


def _too_large(
    external_id: str,
    start: datetime,
    why: str,
) -> Listing:
    """Return the listing of a row that is larger than any real one.

    The host stores nothing of it and reports it in each sync until the row is smaller, so it costs
    no other row.
    """
    unavailable = Unavailable(
        external_id,
        "summary",
        "later",
        "FG-row-too-large",
        f"its row in the list is larger than that of any real workout: {why}",
        "open the activity at Intervals.icu and delete what makes it so large, such as a very long "
        "description",
    )
    return Listing(external_id, b"", start, unavailable=unavailable)


def _of_full_day(listing: Listing) -> Listing:
    """Return the listing of a row whose day has more rows than anybody's.

    Like a row that is too large, it is reported in each sync until its day has fewer.
    """
    unavailable = Unavailable(
        listing.external_id,
        "summary",
        "later",
        "FG-day-too-full",
        f"its day has more than {MOST_ROWS_OF_DAY} workouts, and only that many are stored",
        "delete what is no workout at Intervals.icu, or correct the date of workouts that a watch "
        "with a wrong clock recorded",
    )
    return dataclasses.replace(listing, unavailable=unavailable)


def _hash_name(content: bytes) -> str:
    return f"row-{hashlib.sha256(content).hexdigest()[:16]}"


def _newest_first(listing: Listing) -> datetime:
    # A local time without a zone, because it is compared with such times.
    return listing.start_local or datetime.min  # noqa: DTZ901


def _day(content: bytes) -> date | None:
    """Return the local day of a row, or None if it has no valid start."""
    row = read_row(content)
    if row is None:
        return None
    start = local_start(row.start_date_local)
    return None if start is None else start.date()


def local_start(value: Any) -> datetime | None:
    """Return the local time of a text, without a zone, or ``None`` if the text is not a time."""
    try:
        return datetime.fromisoformat(value).replace(tzinfo=None)
    except (TypeError, ValueError):
        return None


def _moment(value: Any) -> datetime | None:
    """Return the UTC time of a text, or None; a text without an offset is taken as UTC."""
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
