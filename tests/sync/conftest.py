"""A host on a folder of its own and an account on a real stand-in server, with a clock that a test
can move.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry import Host
from fitglue_registry.secrets.memory import MemorySecretStore

UNTIL = date(2026, 11, 20)


class MovableClock:
    """Stands still until a test moves it or somebody waits, which takes no time at all."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 21, 12, tzinfo=UTC)
        self.waited_s = 0.0

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.waited_s += seconds
        self.move(seconds=seconds)

    def move(self, **by: float) -> None:
        self.moment += timedelta(**by)


@pytest.fixture
def clock():
    return MovableClock()


@pytest.fixture
def account():
    return Account.generate(count=12, seed=3, until=UNTIL, strava_stubs=1, distinct_streams=2)


@pytest.fixture
def server(account):
    with StandIn(account) as server:
        yield server


@pytest.fixture
def host(tmp_path, clock):
    with Host(tmp_path, secrets=MemorySecretStore(), clock=clock) as host:
        yield host


@pytest.fixture
def connected(host, server):
    """The host with the account connected, and nothing synced yet."""
    host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
    server.clear_requests()
    return host
