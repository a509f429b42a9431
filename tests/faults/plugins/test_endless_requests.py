"""Tests that a call of a hook that requests page after page ends, whoever is to blame."""

from __future__ import annotations

import itertools
import threading
from contextlib import suppress

import pytest

from fitglue_registry.errors import FitglueError, PluginFailed
from fitglue_registry.plugin_api import Listing
from fitglue_registry.plugins.guard import Guard
from fitglue_registry.sync.events import SyncStopped
from fitglue_registry.testing import LoopbackService, json_response
from fitglue_registry.transport.policy import HttpPolicy
from fitglue_registry.transport.session import HttpSession
from tests.sync.http_source import host_of, make_plugin


@pytest.fixture
def service():
    """A service that has a next page after every page."""
    service = LoopbackService()
    service.route(r"/me", lambda request: json_response({"id": 1}))
    service.route(r"/pages/(\d+)", lambda request, number: json_response({"rows": []}))
    with service:
        yield service


@pytest.fixture
def session(service):
    with HttpSession(HttpPolicy(service.url)) as session:
        yield session


@pytest.fixture
def few(monkeypatch):
    """Let a call send only 20 requests, and receive only 1,000 bytes."""
    monkeypatch.setattr("fitglue_registry.plugins.call_usage.MOST_REQUESTS", 20)
    monkeypatch.setattr("fitglue_registry.plugins.call_usage.MOST_BYTES", 1000)


def failure(guard, *jobs, lanes=1):
    """Consume jobs of a list, and return the errors that they end with."""
    items = guard.iterate("fitglue_list", jobs, lanes=lanes)
    return [item for _, item in items if isinstance(item, FitglueError)]


def walk(session, rows_per_page=0):
    """Return a job that requests the next page for ever."""

    def job():
        for number in itertools.count():
            session.get(f"pages/{number}")
            yield from [number] * rows_per_page

    return job


@pytest.fixture
def endless(tmp_path, service):
    """A function that returns a host in which a source that follows every page is connected.

    Its argument makes the listings of a page of its number.
    """
    opened = []

    def open_(each_page):
        def rows(connection):
            for number in itertools.count():
                connection.http.get(f"pages/{number}")
                yield from each_page(number)

        host = host_of(tmp_path, make_plugin(rows))
        opened.append(host)
        host.connect("paged", {"base_url": service.url})
        return host

    yield open_
    for each in opened:
        each.close()


def test_endless_pages_end_with_an_error(endless, service, reliability):
    """A list that follows pages without rows for ever is stopped after 2,500 requests. The error
    says so, and nothing is stored or deleted.
    """
    host = endless(lambda number: ())
    service.clear_requests()
    last = list(host.sync())[-1]
    assert isinstance(last, SyncStopped)
    assert (last.error.code, last.error.exit_code) == ("FG-plugin-endless", 8)
    assert last.error.what == (
        "plugin paged sent 2,500 requests in one call of fitglue_list and did not stop"
    )
    assert "the list of the service has no end" in last.error.why
    assert len(service.requests) == 2500
    assert list(host.activities()) == []
    reliability("plugins", "list requests endless pages", lost=0, seen="FG-plugin-endless, exit 8")


def test_endless_pages_with_rows_end_too(endless, few):
    """A list with new rows on every page is stopped as well, and its window is not stored."""
    host = endless(lambda number: [Listing(str(number), b"{}")])
    last = list(host.sync())[-1]
    assert last.error.code == "FG-plugin-endless"
    assert list(host.activities()) == []


def test_a_detail_with_endless_pages_ends_the_sync(tmp_path, service, few):
    """A detail that follows pages for ever ends the sync, and is not tried again for each record,
    even if other details are fine.
    """
    rows = [{"id": number} for number in range(1, 9)]
    service.route("/rows", lambda request: json_response(rows))

    def detail(connection, external_id):
        answer = connection.http.get("me")
        if int(external_id) % 2:
            for number in itertools.count():
                answer = connection.http.get(f"pages/{number}")
        return answer

    with host_of(tmp_path, make_plugin(detail=detail)) as host:
        host.connect("paged", {"base_url": service.url})
        last = list(host.sync())[-1]
    assert last.error.code == "FG-plugin-endless"
    assert len([entry for entry in service.requests if "pages" in entry.path]) <= 40


@pytest.mark.parametrize("hook", ["fitglue_connect", "fitglue_fetch"])
def test_each_hook_has_the_limit(session, service, few, hook):
    """A call of any hook is limited, also one that returns no iterator."""

    def work():
        for number in itertools.count():
            session.get(f"pages/{number}")

    with pytest.raises(PluginFailed, match="sent 20 requests") as caught:
        Guard("bad").call(hook, work)
    assert (caught.value.at.field, len(service.requests)) == (f"bad: {hook}", 20)


def test_the_limit_is_for_one_call(session, service, few):
    """A long sync of many calls has no limit: each call begins at zero."""

    def job():
        for number in range(15):
            yield session.get(f"pages/{number}").status

    assert failure(Guard("good"), *[job] * 10) == []
    for _ in range(3):
        Guard("good").call("fitglue_connect", lambda: list(job()))
    assert len(service.requests) == 195


def test_calls_at_once_are_counted_separately(session, service, few):
    """A call that never ends does not use up the requests of another one beside it."""

    def job():
        for number in range(15):
            yield session.get(f"pages/{number}").status

    errors = failure(Guard("bad"), walk(session), job, job, lanes=2)
    assert [error.code for error in errors] == ["FG-plugin-endless"]
    assert len(service.requests) == 50


def test_threads_of_a_plugin_count_for_its_call(session, service, few):
    """Requests on threads that the plugin has started itself are limited, too."""

    def job():
        session.get("pages/0")
        errors = []

        def work():
            try:
                for number in itertools.count():
                    session.get(f"pages/{number}")
            except FitglueError as error:
                errors.append(error)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        raise errors[0]
        yield

    errors = failure(Guard("bad"), job)
    assert (errors[0].code, len(service.requests)) == ("FG-plugin-endless", 20)


def test_retries_and_redirects_count(service, few):
    """What counts is the number of requests that were sent, not that of the plugin's calls."""
    service.route(r"/moved/(\d+)", lambda request, number: redirect(f"/pages/{number}"))

    def redirect(to):
        return json_response({}, 302).with_header("Location", to)

    with HttpSession(HttpPolicy(service.url)) as session:

        def work():
            for number in itertools.count():
                session.get(f"moved/{number}")

        with pytest.raises(PluginFailed, match="FG-plugin-endless"):
            Guard("bad").call("fitglue_connect", work)
    assert len(service.requests) == 20


def test_bytes_are_limited(session, service, few):
    """A call that receives more bytes than any call needs is stopped, however they were packed."""
    service.route(r"/big", lambda request: json_response("x" * 600))

    def work():
        while True:
            session.get("big")

    with pytest.raises(PluginFailed, match="received more than 1,000 bytes in one call"):
        Guard("bad").call("fitglue_fetch", work)
    assert len(service.requests) == 2


def test_a_plugin_that_ignores_the_error_sends_no_more(session, service, few):
    """A plugin that catches the error and goes on gets it again, without another request."""

    def work():
        for number in range(100):
            with suppress(FitglueError):
                session.get(f"pages/{number}")

    Guard("bad").call("fitglue_connect", work)
    assert len(service.requests) == 20


def test_a_session_without_a_plugin_has_no_such_limit(session, service, few):
    """The limit belongs to a call of a hook, not to a session."""
    for number in range(30):
        session.get(f"pages/{number}")
    assert len(service.requests) == 30


@pytest.mark.parametrize("path", ["pages/1", "../elsewhere", "https://elsewhere.example/"])
def test_a_request_that_is_refused_is_no_sign_of_life(session, few, path):
    """A plugin that ignores such errors and tries again for ever is not taken for one at work."""

    def work():
        for _ in range(25):
            with suppress(FitglueError):
                session.get("pages/1")
        before = session.busy_until
        with pytest.raises(FitglueError):
            session.get(path)
        return session.busy_until - before

    assert Guard("bad").call("fitglue_connect", work) == 0


def test_a_plugin_that_ignores_an_error_for_ever_counts_as_blocked(session, few, release):
    """A plugin that repeats a request that is refused before it is sent is abandoned."""

    def work():
        while not release.is_set():
            with suppress(FitglueError):
                session.get("pages/1")

    guard = Guard("bad", time_limit_s=0.3)
    with pytest.raises(PluginFailed, match="FG-plugin-blocked"):
        guard.call("fitglue_connect", work, lambda: session.busy_until)
