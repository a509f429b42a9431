"""The ways in which services divide a list into pages, and how each leads to the next page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable
from urllib.parse import urljoin

from fitglue_registry.errors import ConnectionStopped, Place
from fitglue_registry.lists.answers import has, number_at, scalar_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.lists.answers import ListAnswer

#: One link of the header Link (RFC 8288): its address, and its parameters. Every quantifier is
#: possessive, so no byte is examined again after a match failed.
_LINK = re.compile(r'<([^<>]*+)>((?:[^,"<]++|"[^"]*+")*+)')
_IS_NEXT = re.compile(r'(?i);\s*+rel\s*+=\s*+(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next\b)')


@dataclass(frozen=True, slots=True)
class Ask:
    """The request of one page.

    Attributes:
        path: The path, or the complete address.
        params: The query parameters.
    """

    path: str
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list.

    Attributes:
        ask: Its request.
        answer: The answer.
        number: How many pages were requested before it.
        rows: How many rows it has.
        rows_before: How many rows the pages before it have.
    """

    ask: Ask
    answer: ListAnswer
    number: int
    rows: int
    rows_before: int


@dataclass(frozen=True, slots=True)
class Left:
    """What follows after a page, as the service states it.

    Attributes:
        count: How many pages, or rows, are left.
        unit: What is counted: ``pages`` or ``rows``.
    """

    count: int
    unit: str


class Style(Protocol):
    """How a service divides its lists into pages."""

    def first(self, ask: Ask) -> Ask:
        """Return the request of the first page, for the request that the plugin makes."""

    def following(self, page: Page) -> Ask | None:
        """Return the request of the page that follows, or ``None`` after the last page."""


@runtime_checkable
class StatesEnd(Protocol):
    """A style of services whose pages state where the list ends."""

    def left(self, page: Page) -> Left | None:
        """Return what follows after a page, or ``None`` if the service does not state it."""


@dataclass(frozen=True, slots=True)
class ByPage:
    """Pages that have numbers.

    Without ``last`` and ``size``, the first page without rows ends the list.

    Attributes:
        param: The query parameter with the number of the page.
        first_number: The number of the first page.
        last: Where each answer has the number of the last page, such as
            ``meta.pagination.total_pages``.
        size: How many rows each page but the last one has. A shorter page ends the list. Set it
            only if the service never answers with fewer rows than it was asked for.
    """

    param: str = "page"
    first_number: int = 1
    last: str | None = None
    size: int | None = None

    def first(self, ask: Ask) -> Ask:
        """Return the request of the first page."""
        return _with(ask, self.param, self.first_number)

    def following(self, page: Page) -> Ask | None:
        """Return the request of the page that follows, or ``None`` after the last page."""
        number = self.first_number + page.number
        if self.last is not None:
            is_last = number >= number_at(page.answer, self.last)
        else:
            is_last = page.rows < (self.size or 1)
        return None if is_last else _with(page.ask, self.param, number + 1)

    def left(self, page: Page) -> Left | None:
        """Return how many pages are left, if each answer has the number of the last one."""
        if self.last is None:
            return None
        number = self.first_number + page.number
        return Left(number_at(page.answer, self.last) - number, "pages")


@dataclass(frozen=True, slots=True)
class ByOffset:
    """Pages that begin after a number of rows.

    Without ``total`` and ``size``, the first page without rows ends the list.

    Attributes:
        param: The query parameter with the number of rows before the page.
        total: Where each answer has the number of all rows, such as ``total``.
        size: As for ``ByPage``.
    """

    param: str = "offset"
    total: str | None = None
    size: int | None = None

    def first(self, ask: Ask) -> Ask:
        """Return the request of the first page."""
        return _with(ask, self.param, 0)

    def following(self, page: Page) -> Ask | None:
        """Return the request of the page that follows, or ``None`` after the last page."""
        offset = self._end_of(page)
        if self.total is not None:
            is_last = offset >= number_at(page.answer, self.total)
        else:
            is_last = page.rows < (self.size or 1)
        return None if is_last else _with(page.ask, self.param, offset)

    def left(self, page: Page) -> Left | None:
        """Return how many rows are left, if each answer has the number of all rows."""
        if self.total is None:
            return None
        return Left(number_at(page.answer, self.total) - self._end_of(page), "rows")

    def _end_of(self, page: Page) -> int:
        """Return the offset at which the next page begins.

        The rows that arrived count, and not those that were asked for: the service may send fewer.
        Some services also count rows that they do not show. A page that has only such rows is
        skipped.
        """
        skipped = self.size or page.rows_before // max(page.number, 1) or 1
        return int(page.ask.params[self.param]) + (page.rows or skipped)


@dataclass(frozen=True, slots=True)
class ByCursor:
    """Pages that name a cursor, with which the next page is requested.

    A page without a cursor, with an empty one or with 0 ends the list. If the first page has rows
    and not even the key, the name of the key may be wrong: this is an error, because the other
    pages would be missing without a word.

    Attributes:
        at: Where each answer has the cursor of the next page, such as ``next_token``.
        param: The query parameter with the cursor.
        omitted: Whether the service leaves the key out if there is no next page, so that a list of
            one page never has it. Set it only after you have read a list with several pages.
    """

    at: str
    param: str
    omitted: bool = False

    def first(self, ask: Ask) -> Ask:
        """Return the request of the first page, which has no cursor."""
        return ask

    def following(self, page: Page) -> Ask | None:
        """Return the request of the page that follows, or ``None`` after the last page."""
        if not self.omitted and _may_be_wrong(page) and not has(page.answer, self.at):
            raise _never_there(page, f"nothing at {self.at}", "ByCursor")
        cursor = scalar_at(page.answer, self.at)
        # A list begins at 0, so 0 cannot be a next page.
        if cursor in (None, False, "", 0, "0"):
            return None
        return _with(page.ask, self.param, cursor)


@dataclass(frozen=True, slots=True)
class ByLink:
    """Pages that give the address of the next page.

    A page without an address ends the list. If the first page has rows and not even the key, or the
    header, this is an error, as for ``ByCursor``. The query parameters of the first page are not
    repeated, because the address has them. Its host must be one that the entry allows.

    Attributes:
        at: Where each answer has the address, such as ``links.next``; ``None`` for the header Link
            with ``rel="next"`` (RFC 8288).
        omitted: As for ``ByCursor``: whether a list of one page has no key, or no header Link.
    """

    at: str | None = None
    omitted: bool = False

    def first(self, ask: Ask) -> Ask:
        """Return the request of the first page."""
        return ask

    def following(self, page: Page) -> Ask | None:
        """Return the request of the page that follows, or ``None`` after the last page."""
        if not self.omitted and _may_be_wrong(page):
            self._check_there(page)
        if self.at is None:
            link = _next_link(page.answer.headers.get("Link", ""))
        else:
            link = scalar_at(page.answer, self.at)
        if not link:
            return None
        return Ask(urljoin(page.answer.url, str(link)), {})

    def _check_there(self, page: Page) -> None:
        if self.at is None:
            if page.answer.headers.get("Link") is None:
                raise _never_there(page, "no header Link", "ByLink")
        elif not has(page.answer, self.at):
            raise _never_there(page, f"nothing at {self.at}", "ByLink")


def _may_be_wrong(page: Page) -> bool:
    """Return whether a page without the way to the next one may be a mistake of the plugin.

    Later pages were found by it, and a list without rows misses nothing.
    """
    return page.number == 0 and page.rows > 0


def _never_there(
    page: Page,
    found: str,
    style: str,
) -> ConnectionStopped:
    return ConnectionStopped(
        "FG-next-page-unknown",
        f"the first page of a list has {found}, which would name the next page",
        at=Place(url=page.answer.url),
        why="the plugin looks in the wrong place, or the service leaves it out if there is no next "
        "page",
        fix="report it to the plugin's author, who can correct the name; if the service leaves it "
        f"out, {style}(…, omitted=True) says so",
    )


def _next_link(header: str) -> str | None:
    for link in _LINK.finditer(header):
        if _IS_NEXT.search(link.group(2)):
            return link.group(1)
    return None


def _with(
    ask: Ask,
    param: str,
    value: object,
) -> Ask:
    return Ask(ask.path, {**ask.params, param: str(value)})
