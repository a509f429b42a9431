"""A stand-in, a connection that answers from a table, and builders of payloads that state only what
matters to a test.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from fitglue_garmin import plugin
from fitglue_garmin.testing import Account, Leg, StandIn, Workout
from fitglue_garmin.testing.bodies import detail_of, row_of
from fitglue_registry import Host, Policy
from fitglue_registry.plugin_api import Body, Record
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.testing import FakeClock, FakeConnection, FakeHttp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def connect_to() -> Callable[..., FakeConnection]:
    """Return a connection whose service answers from a table of paths."""

    def make(answers: Mapping[str, Any], **settings: str) -> FakeConnection:
        return FakeConnection(FakeHttp(answers), settings, entry="garmin", clock=FakeClock(NOW))

    return make


@pytest.fixture
def run() -> Workout:
    """Return a recorded run."""
    return Workout(Leg(20_999_000_111, datetime(2026, 11, 2, 6, 31, 10, tzinfo=UTC)))


@pytest.fixture
def normalized(run: Workout) -> Callable[..., Any]:
    """Return the source activities of parts, or of the row of a run with changed keys."""

    def make(
        parts: Mapping[str, Any] | None = None,
        *,
        unavailable: Mapping[str, str] | None = None,
        **changes: Any,
    ) -> list[Any]:
        values = parts or {"summary": row_of(run) | changes}
        bodies = {
            name: Body(value if isinstance(value, bytes) else json.dumps(value).encode())
            for name, value in values.items()
        }
        record = Record(str(run.id), "garmin", bodies, unavailable=unavailable or {})
        return plugin.fitglue_normalize(record=record)

    return make


@pytest.fixture
def detail(run: Workout) -> Callable[..., dict[str, Any]]:
    """Return the detail of a run, with changed measurements."""

    def make(**summary: Any) -> dict[str, Any]:
        made = detail_of(run)
        made["summaryDTO"] |= summary
        return made

    return make


@pytest.fixture
def account() -> Account:
    """Return the account of an athlete without workouts."""
    return Account()


@pytest.fixture
def clock() -> FakeClock:
    """Return the clock of the host and of the service."""
    return FakeClock(NOW)


@pytest.fixture
def service(account: Account, clock: FakeClock) -> Iterator[StandIn]:
    """Return a running stand-in of the account."""
    with StandIn(account, clock=clock) as running:
        yield running


@pytest.fixture
def host(tmp_path: Path, clock: FakeClock) -> Iterator[Host]:
    """Return a host with a home of its own."""
    home = tmp_path / "home"
    secrets = MemorySecretStore()
    with Host(home, secrets=secrets, clock=clock, policy=Policy.personal()) as opened:
        yield opened
