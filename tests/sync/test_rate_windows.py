"""Tests of a sync whose service limits the requests of each quarter of an hour."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fitglue_registry import Policy
from fitglue_registry.errors import Retryable
from fitglue_registry.sync.events import SyncFinished, SyncStopped
from fitglue_registry.testing import FakeClock, LoopbackService, json_response
from fitglue_registry.testing.messages import Response
from tests.sync.http_source import host_of, make_plugin

QUARTER_S = 900
MOST = 20
ROWS = 50
BUDGET = f"""\
  retries: 0
  budget:
    - {{requests: {MOST}, per_s: {QUARTER_S}, window: clock, scope: app}}
"""
COUNTED = replace(Policy.personal(), budget_on_loopback=True)


@pytest.fixture
def clock():
    return FakeClock(datetime(2026, 11, 23, 12, 7, 30, tzinfo=UTC))


@pytest.fixture
def quarters():
    """How many requests the service has received in each quarter of an hour."""
    return {}


@pytest.fixture
def service(clock, quarters):
    """A service that answers 20 requests in each quarter of an hour, and refuses the others."""

    def limited(value):
        quarter = clock.now().timestamp() // QUARTER_S
        quarters[quarter] = quarters.get(quarter, 0) + 1
        if quarters[quarter] > MOST:
            return Response(429, b"{}")
        return json_response(value)

    rows = [{"id": number} for number in range(1, ROWS + 1)]
    service = LoopbackService()
    service.route(r"/me", lambda request: limited({"id": 7}))
    service.route(r"/rows", lambda request: limited(rows))
    service.route(r"/rows/\d+", lambda request: limited({}))
    with service:
        yield service


def test_a_first_sync_continues_in_the_next_quarter(tmp_path, service, clock, quarters):
    """A first sync of 50 workouts takes three quarters of an hour: each sync ends with the time of
    the next one, hardly anything is fetched twice, and the service never has to refuse a request.
    """
    with host_of(tmp_path, make_plugin(), http=BUDGET, policy=COUNTED, clock=clock) as host:
        host.connect("paged", {"base_url": service.url})
        waits = []
        while not isinstance(last := list(host.sync())[-1], SyncFinished):
            assert isinstance(last.error, Retryable)
            assert last.error.code == "FG-rate-limited"
            waits.append(round(last.error.retry_after_s))
            clock.sleep(last.error.retry_after_s)
        assert len(list(host.activities())) == ROWS
    assert waits == [450, 900]
    assert list(quarters.values())[:2] == [MOST, MOST]
    # One request proves the account, and each sync lists the rows. Where a sync ends, what the
    # other connection has just fetched may not be stored yet.
    needed = 1 + 3 + ROWS
    assert needed <= sum(quarters.values()) <= needed + 2 * len(waits)
    assert {request.status for request in service.requests} == {200}


def test_a_limit_on_this_machine_is_off_unless_asked_for(tmp_path, service, clock, quarters):
    """Without ``budget_on_loopback``, requests to a stand-in have no limit of the entry."""
    with host_of(tmp_path, make_plugin(), http=BUDGET, clock=clock) as host:
        host.connect("paged", {"base_url": service.url})
        assert list(host.sync())[-1].error.code == "FG-rate-limited"
    assert max(quarters.values()) > MOST


class Processed(logging.Handler):
    """Learns that the sync has processed the failure of a request."""

    def __init__(self):
        super().__init__()
        self.event = threading.Event()

    def emit(self, record):
        if "were not answered" in record.getMessage():
            self.event.set()


@pytest.fixture
def processed(caplog):
    handler = Processed()
    caplog.set_level("INFO")
    logging.getLogger().addHandler(handler)
    yield handler.event
    logging.getLogger().removeHandler(handler)


def test_a_part_that_was_fetched_when_a_run_ends_is_stored(tmp_path, processed):
    """If a rate limit ends a run, the part that another thread has fetched meanwhile is stored, and
    not fetched again.
    """
    refused = Response(429, b"{}", headers=(("Retry-After", "3600"),))
    limited = [True]
    api = LoopbackService()
    api.route(r"/me", lambda request: json_response({"id": 7}))
    api.route(r"/rows", lambda request: json_response([{"id": n} for n in range(1, 9)]))
    api.route(r"/rows/8", lambda request: json_response({}))
    api.route(r"/rows/\d+", lambda request: refused if limited[0] else json_response({}))

    def detail(connection, external_id):
        if not limited[0]:
            return connection.http.get(f"rows/{external_id}")
        if external_id != "8":
            asked.wait(10)
            return connection.http.get(f"rows/{external_id}")
        answer = connection.http.get("rows/8")
        asked.set()
        processed.wait(10)
        return answer

    asked = threading.Event()
    with api, host_of(tmp_path, make_plugin(detail=detail), http="  retries: 0\n") as host:
        host.connect("paged", {"base_url": api.url})
        assert isinstance(list(host.sync())[-1], SyncStopped)
        fetched = [request.path for request in api.requests]
        assert (fetched.count("/rows/8"), len(fetched) <= 5) == (1, True)
        limited[0] = False
        assert isinstance(list(host.sync())[-1], SyncFinished)
        again = [request.path for request in api.requests][len(fetched) :]
        assert "/rows/8" not in again
        assert len(host.activities()) == 8
