"""Fixtures: a host, an account on a stand-in server, and a clock that tests can move."""

from __future__ import annotations

from datetime import date

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry import Host, Policy
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.testing import FakeClock

UNTIL = date(2026, 11, 20)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def account():
    return Account.generate(count=12, seed=3, until=UNTIL, strava_stubs=1, distinct_streams=2)


@pytest.fixture
def server(account):
    with StandIn(account) as server:
        yield server


@pytest.fixture
def host(tmp_path, clock):
    with Host(tmp_path, secrets=MemorySecretStore(), clock=clock, policy=Policy.personal()) as host:
        yield host


@pytest.fixture
def connected(host, server):
    """A host that is connected to the account and has not synced yet."""
    host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
    server.clear_requests()
    return host
