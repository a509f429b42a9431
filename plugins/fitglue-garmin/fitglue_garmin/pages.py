"""Requests of the list of activities, page by page.

Documented: an answer is a bare array without a total, and the list ends with a page that is shorter
than the limit. Seen: pages of more than about 45 rows are answered with status 500, and so is the
server's own default of 99 rows. Status 204 or an empty body means that there are no rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fitglue_garmin.rows import name_of, read_row
from fitglue_registry.plugin_api import ByOffset, paged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
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
    pages = _Pages(connection.http)
    return paged(
        pages,
        LIST,
        params,
        by=pages,
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
    pages = _Pages(connection.http, size=1)
    return next(
        paged(
            pages,
            LIST,
            params,
            by=pages,
        ),
        None,
    )


def _ascending() -> dict[str, str]:
    return {"sortBy": "startLocal", "sortOrder": "asc"}


def _key(row: bytes) -> str:
    return read_row(row).external_id or name_of(row)


@dataclass(frozen=True, slots=True)
class _Rows:
    """An answer that has the rows of an empty list if the service sent no body."""

    answer: Answer

    @property
    def url(self) -> str:
        return self.answer.url

    @property
    def headers(self) -> Mapping[str, str]:
        return self.answer.headers

    @property
    def body(self) -> bytes:
        return self.answer.body.strip() or b"[]"

    def json(self) -> Any:
        """Return the body as plain values."""
        return self.answer.json()


@dataclass
class _Pages:
    """Pages by offset, which are half as large after the service has failed for one.

    A page of half the size is requested like everything else: a failure is repeated some times, and
    then reported.

    Attributes:
        http: The session of the connection.
        size: How many rows are asked for.
    """

    http: Http
    size: int = PAGE
    _can_be_halved: bool = field(init=False)

    def __post_init__(self) -> None:
        self._can_be_halved = self.size == PAGE

    @property
    def get(self) -> Callable[..., Any]:
        """The function that requests a page."""
        return self._page

    def _page(
        self,
        path: str,
        params: Mapping[str, str],
    ) -> _Rows:
        """Return the page with these parameters."""
        if self._can_be_halved:
            answer = self.http.get(
                path,
                self._sized(params),
                accept=(_FAILED,),
            )
            if answer.status != _FAILED:
                return _Rows(answer)
            self.size = HALF_PAGE
            self._can_be_halved = False
        return _Rows(self.http.get(path, self._sized(params)))

    def _sized(self, params: Mapping[str, str]) -> dict[str, str]:
        return {**params, "limit": str(self.size)}

    def first(self, ask: Any) -> Any:
        """Return the request of the first page."""
        return ByOffset("start").first(ask)

    def following(self, page: Any) -> Any:
        """Return the request of the page that follows, or ``None`` after the last page."""
        # The true limit of the service is not known. If it is between the two sizes, each page is
        # shorter than requested, so only a page below the smaller size is taken for the last one.
        shortest = min(self.size, HALF_PAGE)
        return ByOffset("start", size=shortest).following(page)
