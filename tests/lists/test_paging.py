"""Tests of lists that come in pages: each style reads them to their end, and a list that repeats
pages, or that never ends, is an error.
"""

from __future__ import annotations

import itertools
import json

import pytest

from fitglue_registry.errors import ConnectionStopped
from fitglue_registry.plugin_api import ByCursor, ByLink, ByOffset, ByPage, paged
from fitglue_registry.testing import FakeAnswer

ROWS = [{"id": number} for number in range(7)]
BASE = "https://service.example/api/workouts"


class Service:
    """A service with seven workouts, three of which make a page."""

    def __init__(self, answer=None) -> None:
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.options: list[dict[str, object]] = []
        self.rows = list(ROWS)
        self._answer = answer or (lambda params, rows: {"data": rows[:3]})

    def get(self, path, params=None, **options):
        """Return what the service answers, and note the request."""
        self.options.append(options)
        self.requests.append((path, dict(params or {})))
        answer = self._answer(dict(params or {}), self.rows)
        if isinstance(answer, FakeAnswer):
            return answer
        return FakeAnswer(json.dumps(answer).encode(), url=BASE)


def from_page(params, rows):
    start = 3 * (int(params["page"]) - 1)
    return {"data": rows[start : start + 3], "meta": {"pages": "3"}}


def from_offset(params, rows):
    start = int(params["offset"])
    return {"data": rows[start : start + 3], "total": len(rows)}


def from_cursor(params, rows):
    start = int(params.get("after", 0))
    following = start + 3
    return {"data": rows[start:following], "next": following if following < len(rows) else None}


def from_link(params, rows):
    start = int(params.get("start", 0))
    following = start + 3
    link = f"/api/workouts?start={following}" if following < len(rows) else None
    return {"data": rows[start:following], "links": {"next": link}}


def ids(service, by, **options):
    found = paged(service, "workouts", {"type": "ride"}, by=by, at="data", **options)
    return [json.loads(row)["id"] for row in found]


@pytest.mark.parametrize(
    ("answer", "by", "requests"),
    [
        (from_page, ByPage(), 4),
        (from_page, ByPage(size=3), 3),
        (from_page, ByPage(last="meta.pages"), 3),
        (from_offset, ByOffset(), 4),
        (from_offset, ByOffset(size=3), 3),
        (from_offset, ByOffset(total="total"), 3),
        (from_cursor, ByCursor("next", "after"), 3),
    ],
)
def test_each_style_reads_all_rows(answer, by, requests):
    """A list is read to its end, with the parameters of the plugin in each request."""
    service = Service(answer)
    assert ids(service, by) == list(range(7))
    assert len(service.requests) == requests
    assert all(params["type"] == "ride" for _, params in service.requests)


@pytest.mark.parametrize(
    ("hidden", "requests"), [({6}, 4), ({0}, 4), ({3, 4, 5}, 4), (set(range(7)), 7), (set(), 3)]
)
@pytest.mark.parametrize("size", [None, 3])
def test_a_total_may_count_rows_that_are_not_shown(hidden, requests, size):
    """Rows that the service counts and does not show end no list too early, and repeat no page."""

    def answer(params, rows):
        start = int(params["offset"])
        shown = [row for row in rows[start : start + 3] if row["id"] not in hidden]
        return {"data": shown, "total": len(rows)}

    service = Service(answer)
    assert ids(service, ByOffset(total="total", size=size)) == sorted(set(range(7)) - hidden)
    assert len(service.requests) <= requests


@pytest.mark.parametrize("last", [0, "0", "", False, None])
def test_a_cursor_that_is_none_ends_the_list(last):
    """An empty cursor, or 0, is no next page."""

    def answer(params, rows):
        is_last = "after" in params
        return {"data": rows[3:] if is_last else rows[:3], "next": last if is_last else 3}

    service = Service(answer)
    assert ids(service, ByCursor("next", "after")) == list(range(7))
    assert len(service.requests) == 2


@pytest.mark.parametrize("in_header", [False, True], ids=["in the answer", "in the header"])
def test_links_are_complete_addresses_without_the_first_parameters(in_header):
    """The address of the next page is requested as it is, made complete with that of the page."""
    pages = itertools.count(1)

    def answer(params, rows):
        page = next(pages)
        following = f"?start={page * 3}"
        link = "" if page == 3 else f'<{following}>; rel="next", <?start=9>; rel="last"'
        if in_header:
            body = json.dumps({"data": rows[page * 3 - 3 : page * 3]}).encode()
            return FakeAnswer(body, url=BASE, headers={"Link": f'<{BASE}>; rel="first", {link}'})
        return {
            "data": rows[page * 3 - 3 : page * 3],
            "links": {"next": None if page == 3 else following},
        }

    service = Service(answer)
    assert ids(service, ByLink() if in_header else ByLink("links.next")) == list(range(7))
    assert service.requests == [
        ("workouts", {"type": "ride"}),
        (f"{BASE}?start=3", {}),
        (f"{BASE}?start=6", {}),
    ]


@pytest.mark.parametrize("first", [0, 1, 5])
def test_the_first_page_may_have_any_number(first):
    """Services count their pages from 0 or from 1."""
    service = Service(lambda params, rows: {"data": rows[:3] if params["p"] == str(first) else []})
    assert ids(service, ByPage("p", first_number=first)) == [0, 1, 2]


def test_a_page_is_requested_when_its_first_row_is_needed():
    """A plugin that needs no more rows makes no more requests."""
    service = Service(from_page)
    rows = paged(service, "workouts", by=ByPage(), at="data")
    assert [next(rows), next(rows), next(rows)] == [b'{"id": 0}', b'{"id": 1}', b'{"id": 2}']
    assert len(service.requests) == 1


def test_headers_and_accepted_statuses_are_those_of_each_request():
    """What ``get`` takes beside the address is passed on for each page, and nothing else."""
    service = Service(from_page)
    ids(service, ByPage(size=3), headers={"X-Version": "2"}, accept=(404,))
    assert service.options == [{"headers": {"X-Version": "2"}, "accept": (404,)}] * 3
    with pytest.raises(TypeError, match="'size'"):
        ids(service, ByPage(), size=3)


def test_rows_that_move_to_the_next_page_are_yielded_once():
    """If a workout arrives while the list is read, no row of it is yielded twice."""

    def answer(params, rows):
        if params["page"] == "2":
            rows.insert(0, {"id": 99})
        return from_page(params, rows)

    assert ids(Service(answer), ByPage()) == list(range(7))


def test_a_key_identifies_rows_that_change_while_they_are_read():
    """A row that moved to the next page with another content is yielded once, by its id."""

    def answer(params, rows):
        number = int(params["page"])
        data = [{"id": row["id"], "read": number} for row in rows[number * 2 - 2 : number * 2 + 1]]
        return {"data": data}

    service = Service(answer)
    assert ids(service, ByPage(), key=lambda row: json.loads(row)["id"]) == list(range(7))


# -- lists without a proper end --------------------------------------------------------------------

SAME = {"data": ROWS[:3], "next": "again", "links": {"next": "?page=2"}, "pages": 9, "total": 99}


@pytest.mark.parametrize(
    "by",
    [
        ByPage(),
        ByPage(last="pages"),
        ByOffset(),
        ByOffset(total="total"),
        ByCursor("next", "after"),
        ByLink("links.next"),
    ],
)
def test_a_service_that_ignores_which_page_is_requested_is_an_error(by):
    """A page that has the rows of an earlier one stops the list."""
    service = Service(lambda params, rows: SAME)
    with pytest.raises(ConnectionStopped) as error:
        ids(service, by)
    assert error.value.code == "FG-pages-repeated"
    assert len(service.requests) == 2


@pytest.mark.parametrize("by", [ByCursor("next", "after"), ByLink("links.next")])
def test_a_circle_of_pages_is_an_error(by):
    """A page that was requested before stops the list, even if its rows are others now."""
    numbers = itertools.count()

    def answer(params, rows):
        page = next(numbers)
        return {
            "data": [{"id": page}],
            "next": page % 3 + 1,
            "links": {"next": f"?page={page % 3 + 1}"},
        }

    service = Service(answer)
    with pytest.raises(ConnectionStopped) as error:
        ids(service, by)
    assert error.value.code == "FG-pages-repeated"
    assert len(service.requests) <= 5


@pytest.mark.parametrize(
    ("data", "requests"),
    [
        (lambda number: [{"id": number}], 2_000),
        (lambda number: [], 21),
        (lambda number: [{"id": 1, "read": number}], 22),
    ],
    ids=["new rows for ever", "empty pages for ever", "one row for ever"],
)
def test_a_list_without_an_end_is_an_error(data, requests):
    """A list that always names a next page ends with an error after a bounded number of pages."""
    numbers = itertools.count(1)

    def answer(params, rows):
        number = next(numbers)
        return {"data": data(number), "next": f"c{number}"}

    service = Service(answer)
    with pytest.raises(ConnectionStopped) as error:
        ids(service, ByCursor("next", "after"), key=lambda row: json.loads(row)["id"])
    assert error.value.code == "FG-pages-endless"
    assert error.value.why
    assert len(service.requests) == requests


def test_a_few_empty_pages_in_between_are_fine():
    """A service that filters after dividing sends pages without rows in the middle of the list."""

    def answer(params, rows):
        number = int(params.get("after", 0))
        data = rows[number // 10 * 3 :][:3] if number % 10 == 0 else []
        return {"data": data, "next": number + 1 if number < 20 else None}

    assert ids(Service(answer), ByCursor("next", "after")) == list(range(7))


@pytest.mark.parametrize(
    ("answer", "by"),
    [
        ({"data": ROWS[:3]}, ByPage(last="meta.pages")),
        ({"data": ROWS[:3], "total": "many"}, ByOffset(total="total")),
        ({"data": ROWS[:3], "next": {"a": 1}}, ByCursor("next", "after")),
        ({"rows": []}, ByPage()),
    ],
)
def test_an_answer_without_what_the_style_needs_is_an_error(answer, by):
    """If an answer lacks the rows, or the number that the plugin names, the list stops."""
    with pytest.raises(ConnectionStopped) as error:
        ids(Service(lambda params, rows: answer), by)
    assert error.value.code == "FG-unexpected-answer"


# -- the way to the next page is never there -------------------------------------------------------


def first_page(rows, headers=None, **more):
    """Return an answer with some rows."""
    body = json.dumps({"data": rows, **more}).encode()
    return FakeAnswer(body, url=BASE, headers=headers or {})


@pytest.mark.parametrize(
    ("by", "answer"),
    [
        (ByCursor("next_token", "token"), first_page(ROWS[:3], nextToken="abc")),
        (ByCursor("meta.next", "token"), first_page(ROWS[:3], meta=[])),
        (ByLink("links.next"), first_page(ROWS[:3], links={"following": "?page=2"})),
        (ByLink(), first_page(ROWS[:3], links={"next": "?page=2"})),
    ],
)
def test_a_first_page_without_the_key_of_the_next_one_is_an_error(by, answer):
    """A wrong name does not cut off the list after its first page without a word."""
    with pytest.raises(ConnectionStopped) as error:
        ids(Service(lambda params, rows: answer), by)
    assert error.value.code == "FG-next-page-unknown"
    assert "omitted=True" in error.value.fix


@pytest.mark.parametrize(
    ("by", "answer"),
    [
        (ByCursor("next", "token"), first_page(ROWS[:3], next=None)),
        (ByCursor("next", "token"), first_page(ROWS[:3], next="")),
        (ByCursor("next", "token", omitted=True), first_page(ROWS[:3])),
        (ByLink("links.next"), first_page(ROWS[:3], links={"next": None})),
        (ByLink("links.next", omitted=True), first_page(ROWS[:3])),
        (ByLink(), first_page(ROWS[:3], {"Link": '<?page=1>; rel="last"'})),
        (ByLink(omitted=True), first_page(ROWS[:3])),
    ],
)
def test_a_list_of_one_page_ends_with_an_empty_key_or_where_the_plugin_says_so(by, answer):
    """A key that is there and empty ends the list, and so does one that may be left out."""
    assert ids(Service(lambda params, rows: answer), by) == [0, 1, 2]


@pytest.mark.parametrize("by", [ByCursor("next", "token"), ByLink("links.next"), ByLink()])
def test_a_list_without_rows_needs_no_key(by):
    """An empty list lacks nothing, whatever else the answer has."""
    assert ids(Service(lambda params, rows: first_page([])), by) == []


def test_a_key_that_was_there_may_be_left_out_at_the_end():
    """The last of several pages needs no key, because the pages before it had it."""

    def answer(params, rows):
        if params.get("token") == "b":
            return first_page(rows[3:])
        return first_page(rows[:3], next="b")

    assert ids(Service(answer), ByCursor("next", "token")) == list(range(7))


# -- what the service states about the end ---------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "stated"),
    [
        (ByPage(last="pages"), {"pages": 200_000_000}),
        (ByOffset(total="total"), {"total": 10**9}),
    ],
)
def test_a_list_that_states_an_impossible_length_ends_with_its_first_page(by, stated):
    """A service that states more pages or rows than are read is not asked for all of them."""
    service = Service(lambda params, rows: {"data": rows[:3], **stated})
    with pytest.raises(ConnectionStopped, match="FG-pages-endless"):
        ids(service, by)
    assert len(service.requests) == 1


@pytest.mark.parametrize("by", [ByPage(last="end"), ByOffset(total="end")])
def test_a_stated_end_that_never_comes_closer_is_an_error(by):
    """A list whose end moves with each page ends after twenty more pages, although each is new."""
    numbers = itertools.count(1)

    def answer(params, rows):
        number = next(numbers)
        return {"data": [{"id": number}], "end": number + 5}

    service = Service(answer)
    with pytest.raises(ConnectionStopped) as error:
        ids(service, by)
    assert error.value.code == "FG-pages-endless"
    assert len(service.requests) == 21
