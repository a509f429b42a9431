"""Reading of a list page by page, to its end, and not any further.

Services repeat a page, ignore the number of the page, or always name a next one. What looks like a
list then would be wrong, or would never end. Nothing of it is used: the sync stops, and says why.
"""

from __future__ import annotations

import hashlib
import itertools
from typing import TYPE_CHECKING, Any, Protocol

from fitglue_registry.errors import ConnectionStopped, Place
from fitglue_registry.lists.answers import rows
from fitglue_registry.lists.styles import Ask, Page, StatesEnd
from fitglue_registry.payloads import MOST_ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    from fitglue_registry.lists.answers import ListAnswer
    from fitglue_registry.lists.styles import Left, Style

#: The largest number of pages of one list.
MOST_PAGES = 2_000
#: So many pages in a row may have no row that is new. Services that filter after they have divided
#: a list into pages send empty pages in between.
_MOST_WITHOUT_NEWS = 20
#: So many pages in a row may bring the stated end of a list no closer. Workouts that arrive while a
#: list is read move its end.
_MOST_WITHOUT_PROGRESS = 20
#: What a service may state that is left. The host refuses windows with more rows than this.
_MOST_LEFT = {"pages": MOST_PAGES, "rows": MOST_ROWS}


class _Http(Protocol):
    """What the helpers use of ``plugin_api.Http``."""

    @property
    def get(self) -> Callable[..., ListAnswer]:
        """The function that sends a GET request."""


def paged(
    http: _Http,
    path: str,
    params: Mapping[str, str] | None = None,
    *,
    by: Style,
    at: str = "",
    key: Callable[[bytes], Hashable] | None = None,
    headers: Mapping[str, str] | None = None,
    accept: Sequence[int] = (),
) -> Iterator[bytes]:
    """Yield the exact bytes of each row of a list that comes in pages.

    A page is requested when its first row is needed, so a plugin that needs no more rows can simply
    stop. A row that two pages have is yielded once: a list that becomes longer while it is read
    moves its rows to later pages.

    Args:
        http: ``connection.http``.
        path: The path of the list.
        params: The query parameters of the first page.
        by: How the service divides the list: ``ByPage``, ``ByOffset``, ``ByCursor`` or ``ByLink``.
        at: Where the rows are in each answer, as in ``rows``.
        key: Returns what identifies a row, such as its id. Without it, equal rows are the same.
        headers: Headers of each request, as for ``http.get``.
        accept: Statuses to accept in addition to 2xx, as for ``http.get``.

    Yields:
        The rows, in the order of the pages.

    Raises:
        ConnectionStopped: FG-pages-repeated or FG-pages-endless if the list has no proper end,
            FG-next-page-unknown if the first page lacks what ``by`` names, and the errors of
            ``rows`` and of ``http.get``.
    """
    options: dict[str, Any] = {}
    if headers is not None:
        options["headers"] = headers
    if accept:
        options["accept"] = accept
    seen = _Seen(key or _digest)
    rows_before = 0
    ask: Ask | None = by.first(Ask(path, dict(params or {})))
    for number in itertools.count():
        assert ask is not None
        answer = http.get(ask.path, dict(ask.params), **options)
        content = list(rows(answer, at))
        seen.note_page(ask, answer, content)
        for row in content:
            if seen.is_new(row):
                yield row
        page = Page(
            ask,
            answer,
            number,
            len(content),
            rows_before,
        )
        ask = by.following(page)
        if ask is None:
            return
        seen.check_end(answer, by.left(page) if isinstance(by, StatesEnd) else None)
        rows_before += len(content)


class _Seen:
    """What the pages of a list had until now, to notice that it does not end.

    Args:
        key: Returns what identifies a row.
    """

    def __init__(self, key: Callable[[bytes], Hashable]) -> None:
        self._key = key
        self._rows: set[Hashable] = set()
        self._pages: set[Hashable] = set()
        self._asked: set[Hashable] = set()
        self._without_news = 0
        self._least_left: int | None = None
        self._without_progress = 0

    def note_page(
        self,
        ask: Ask,
        answer: ListAnswer,
        content: Sequence[bytes],
    ) -> None:
        """Note a page, before its rows.

        Raises:
            ConnectionStopped: FG-pages-repeated if it was requested before, or has exactly the rows
                of an earlier page.
        """
        request = (ask.path, *sorted(ask.params.items()))
        page = _digest(b"\n".join(content))
        is_repeated = bool(content) and page in self._pages
        if is_repeated or request in self._asked:
            raise _repeated(answer, len(self._asked) + 1)
        self._asked.add(request)
        self._pages.add(page)
        self._without_news += 1

    def is_new(self, row: bytes) -> bool:
        """Return whether no row before has the same key, and note the row."""
        name = self._key(row)
        if name in self._rows:
            return False
        self._rows.add(name)
        self._without_news = 0
        return True

    def check_end(self, answer: ListAnswer, left: Left | None) -> None:
        """Check that the list may have another page.

        Args:
            answer: The answer with the last page.
            left: What the service states about the rest of the list.

        Raises:
            ConnectionStopped: FG-pages-endless if it has had too many already, or too many without
                a new row, or if its stated end is too far away or does not come closer.
        """
        if left is not None:
            self._check_stated(answer, left)
        if len(self._asked) >= MOST_PAGES:
            raise _endless(answer, f"it has more than {MOST_PAGES:,} pages")
        if self._without_news > _MOST_WITHOUT_NEWS:
            why = f"{self._without_news} pages in a row have no row that is new"
            raise _endless(answer, why)

    def _check_stated(self, answer: ListAnswer, left: Left) -> None:
        if left.count > _MOST_LEFT[left.unit]:
            raise _too_long(answer, left)
        self._without_progress += 1
        if self._least_left is None or left.count < self._least_left:
            self._least_left = left.count
            self._without_progress = 0
        if self._without_progress >= _MOST_WITHOUT_PROGRESS:
            why = f"after {self._without_progress} more pages, as many {left.unit} are left"
            raise _endless(answer, why)


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def _repeated(answer: ListAnswer, number: int) -> ConnectionStopped:
    return ConnectionStopped(
        "FG-pages-repeated",
        f"page {number:,} of a list is one of the pages before it",
        at=Place(url=answer.url),
        why="the service ignores which page is requested, or repeats the last page",
        fix="report it to the plugin's author; nothing of the list was used",
    )


def _too_long(answer: ListAnswer, left: Left) -> ConnectionStopped:
    return ConnectionStopped(
        "FG-pages-endless",
        "the service states a list that is longer than any real one",
        at=Place(url=answer.url),
        why=f"after this page, {left.count:,} {left.unit} follow; at most "
        f"{_MOST_LEFT[left.unit]:,} are read",
        fix="report it to the plugin's author, who can list shorter windows; nothing of the list "
        "was used",
    )


def _endless(answer: ListAnswer, why: str) -> ConnectionStopped:
    return ConnectionStopped(
        "FG-pages-endless",
        "the service names a next page of a list again and again",
        at=Place(url=answer.url),
        why=why,
        fix="report it to the plugin's author; nothing of the list was used",
    )
