"""Requests of the list of activities, page by page.

Documented: an answer is a bare array without a total, and the list ends with a page that is shorter
than the limit. Seen: pages of more than about 45 rows are answered with status 500, and so is the
server's own default of 99 rows. Status 204 or an empty body means that there are no rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_garmin.rows import name_of, read_row
from fitglue_registry.plugin_api import ByOffset, paged

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from fitglue_registry.plugin_api import Answer, Connection, Http

LIST = "activitylist-service/activities/search/activities"
#: The number of rows that are asked for, and the number after the service has failed for a page.
PAGE = 40
HALF_PAGE = 20
_FAILED = 500


def rows_between(
    connection: Connection,
    oldest: date,
    newest: date,
) -> Iterator[bytes]:
    """Yield the exact bytes of each row whose local start is between two days, both included.

    Rows of the legs of multisport events are among them. The order is ascending, because a workout
    that arrives in the meantime then moves only rows that were not read yet.

    Raises:
        ConnectionStopped: If a response is not a list of rows.
    """
    days = {"startDate": oldest.isoformat(), "endDate": newest.isoformat()}
    params = {**_ascending(), **days, "excludeChildren": "false"}
    # The true limit of the service is not known. If it is between the two sizes, each page is
    # shorter than requested, so only a page below the smaller size is taken for the last one.
    return paged(
        _ListRequests(connection.http),
        LIST,
        params,
        by=ByOffset("start", size=HALF_PAGE),
        key=_key,
    )


def oldest_row(connection: Connection) -> bytes | None:
    """Return the row of the oldest activity of the account, or ``None`` if it has none."""
    return _only_row(connection, _ascending())


def newest_row(connection: Connection) -> bytes | None:
    """Return the row of the newest activity of the account, or ``None`` if it has none."""
    return _only_row(connection, {"sortBy": "startLocal", "sortOrder": "desc"})


def _only_row(
    connection: Connection,
    params: Mapping[str, str],
) -> bytes | None:
    only_page = paged(
        _ListRequests(connection.http, size=1),
        LIST,
        params,
        by=ByOffset("start", size=1),
    )
    return next(only_page, None)


def _ascending() -> dict[str, str]:
    return {"sortBy": "startLocal", "sortOrder": "asc"}


def _key(row: bytes) -> str:
    return read_row(row).external_id or name_of(row)


class _Rows:
    """An answer that has the rows of an empty list if the service sent no body.

    Attributes:
        url: The address of the answer.
        headers: Its headers.
        body: The rows.
    """

    def __init__(self, answer: Answer) -> None:
        self.url = answer.url
        self.headers = answer.headers
        self.body = answer.body.strip() or b"[]"
        self._answer = answer

    def json(self) -> Any:
        """Return the body as plain values."""
        return self._answer.json()


class _ListRequests:
    """Requests pages of the list, which are half as large after the service has failed for one.

    A page of half the size is requested like everything else: a failure is repeated some times, and
    then reported.

    Args:
        http: The session of the connection.
        size: How many rows are asked for.
    """

    def __init__(self, http: Http, size: int = PAGE) -> None:
        self._http = http
        self._size = size

    def get(self, path: str, params: Mapping[str, str]) -> _Rows:
        """Return the page with these parameters."""
        if self._size == PAGE:
            answer = self._request(path, params, accept=(_FAILED,))
            if answer.status != _FAILED:
                return _Rows(answer)
            self._size = HALF_PAGE
        return _Rows(self._request(path, params))

    def _request(
        self,
        path: str,
        params: Mapping[str, str],
        accept: Sequence[int] = (),
    ) -> Answer:
        sized = {**params, "limit": str(self._size)}
        return self._http.get(
            path,
            sized,
            accept=accept,
        )
