"""Tests of services whose lists have pages: a source that reads them with ``paged`` gets every row,
and stores nothing of a list that repeats its pages or never ends.
"""

from __future__ import annotations

import itertools
import json

import pytest

from fitglue_registry.plugin_api import ByCursor, ByLink, ByOffset, ByPage, Listing, paged
from fitglue_registry.sync.events import SyncFinished, SyncStopped
from fitglue_registry.testing import Fault, LoopbackService, json_response
from tests.sync.http_source import host_of, make_plugin

ROWS = [{"id": number} for number in range(7)]
STYLES = {
    "pages": ByPage(last="pages"),
    "pages of a known size": ByPage(size=3),
    "offsets": ByOffset(total="total"),
    "cursors": ByCursor("next", "cursor"),
    "links in the answer": ByLink("links.next"),
    "links in the header": ByLink(),
}


def page_of(service, request, rows=ROWS):
    """Return the page that a request asks for, in every style at once."""
    params = {name: values[0] for name, values in request.params.items()}
    number = int(params.get("page", 1))
    start = int(params.get("offset") or params.get("cursor") or params.get("start") or 0)
    start = start or 3 * (number - 1)
    following = start + 3
    has_next = following < len(rows)
    link = f"/list?start={following}"
    body = {
        "rows": rows[start:following],
        "pages": 3,
        "total": len(rows),
        "next": following if has_next else None,
        "links": {"next": service.url + link if has_next else None},
    }
    answer = json_response(body)
    return answer.with_header("Link", f'<{link}>; rel="next"') if has_next else answer


@pytest.fixture
def service():
    """A service with seven workouts, three of which make a page."""
    service = LoopbackService()
    service.route(r"/me", lambda request: json_response({"id": 1}))
    service.route(r"/rows/(\d+)", lambda request, number: json_response({"id": int(number)}))
    service.route(r"/list", lambda request: page_of(service, request))
    with service:
        yield service


@pytest.fixture
def endless():
    """A service that names a next page on every page. Set its rows with ``rows_of``."""
    service = LoopbackService()
    numbers = itertools.count(1)
    service.rows_of = lambda number: []

    def page(request):
        number = next(numbers)
        return json_response({"rows": service.rows_of(number), "next": f"c{number}"})

    service.route(r"/me", lambda request: json_response({"id": 1}))
    service.route(r"/list", page)
    with service:
        yield service


@pytest.fixture
def connected(tmp_path):
    """A function that returns a host with a source that reads the list in the given style."""
    opened = []

    def open_(service, style):
        def rows(connection):
            for content in paged(connection.http, "list", by=STYLES[style], at="rows"):
                yield Listing(str(json.loads(content)["id"]), content)

        host = host_of(tmp_path, make_plugin(rows))
        opened.append(host)
        host.connect("paged", {"base_url": service.url})
        return host

    yield open_
    for host in opened:
        host.close()


@pytest.mark.parametrize("style", STYLES)
def test_a_list_in_pages_arrives_complete(connected, service, style):
    """A source gets every row of a list with one request for each page, in every style, and its
    links are complete addresses.
    """
    host = connected(service, style)
    assert isinstance(list(host.sync())[-1], SyncFinished)
    assert len(host.activities()) == 7
    assert sum(request.path == "/list" for request in service.requests) == 3


WRONG = {
    "every page is the first one": ("pages", "FG-pages-repeated"),
    "every offset is the first one": ("offsets", "FG-pages-repeated"),
    "a cursor leads to itself": ("cursors", "FG-pages-repeated"),
    "a link leads to itself": ("links in the answer", "FG-pages-repeated"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_list_that_repeats_its_pages_stops_the_sync(connected, service, reliability, wrong):
    """If a service answers with the same page again and again, the sync stops, and everything that
    was stored before stays; the next sync without the mistake continues.
    """
    style, code = WRONG[wrong]
    host = connected(service, style)
    list(host.sync())
    before = len(host.activities())
    body = {
        "rows": ROWS[:3],
        "pages": 9,
        "total": 99,
        "next": 3,
        "links": {"next": f"{service.url}/list?start=3"},
    }
    service.fault("/list*", Fault.raw_body(json.dumps(body).encode()), times=None)
    last = list(host.sync())[-1]
    assert isinstance(last, SyncStopped)
    assert last.error.code == code
    lost = before - len(host.activities())
    service.clear_faults()
    assert isinstance(list(host.sync())[-1], SyncFinished)
    reliability(
        "upstream",
        f"a list in pages: {wrong}",
        lost=lost,
        seen=f"{code}, exit {last.error.exit_code}",
    )
    assert lost == 0


@pytest.mark.parametrize("kind", ["new rows", "no rows"])
def test_a_list_that_never_ends_stops_the_sync(connected, endless, reliability, monkeypatch, kind):
    """If a service always names a next page, the sync stops after a bounded number of requests,
    and stores nothing of the list.
    """
    monkeypatch.setattr("fitglue_registry.lists.paging.MOST_PAGES", 30)
    if kind == "new rows":
        endless.rows_of = lambda number: [{"id": number}]
    host = connected(endless, "cursors")
    last = list(host.sync())[-1]
    assert isinstance(last, SyncStopped)
    assert last.error.code == "FG-pages-endless"
    assert len(endless.requests) <= 31
    assert host.activities() == []
    reliability(
        "upstream",
        f"a list in pages that never ends, with {kind}",
        lost=len(host.activities()),
        seen=f"FG-pages-endless, exit {last.error.exit_code}",
    )


def test_a_link_to_another_host_is_not_followed(connected, service):
    """A next page at a host that the entry does not name is refused."""
    host = connected(service, "links in the answer")
    body = {"rows": ROWS[:3], "links": {"next": "https://elsewhere.example/list"}}
    service.fault("/list*", Fault.raw_body(json.dumps(body).encode()), times=None)
    last = list(host.sync())[-1]
    assert isinstance(last, SyncStopped)
    assert last.error.code == "FG-host-not-allowed"
