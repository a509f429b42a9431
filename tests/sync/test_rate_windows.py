"""Tests of a sync whose service limits the requests of each quarter of an hour."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fitglue_registry import Policy
from fitglue_registry.errors import Retryable
from fitglue_registry.sync.events import SyncFinished
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
