"""Fixtures of the upstream tests: one account and its server per process, a home that is connected
to it, and the store of an undisturbed sync.
"""

from __future__ import annotations

import dataclasses
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry import Host, Policy
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.services import plugin_view
from fitglue_registry.sync.options import Options
from fitglue_registry.testing import FakeClock
from tests.sync.conftest import UNTIL
from tests.sync.natural import natural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fitglue_registry.transport.policy import HttpPolicy

FILES = Options(files=True)


@dataclasses.dataclass
class World:
    """The things that all cells of the matrix share. No cell changes the account."""

    server: StandIn
    secrets: MemorySecretStore
    connected: Path
    undisturbed: dict[str, Any]

    @property
    def values(self) -> dict[str, str]:
        """The values that ``connect`` receives."""
        return {"api_key": self.server.api_key or "", "base_url": self.server.url}


@pytest.fixture(scope="session")
def world(tmp_path_factory) -> Iterator[World]:
    """Yield the shared things.

    The account has a stub, each other workout has every part, and one id consists only of digits.
    """
    account = Account.generate(count=3, seed=3, until=UNTIL, distinct_streams=1)
    # The stub is the oldest row, so that malformed values hit the other rows.
    account.add_strava_stub("2026-11-01T07:00:00", id="16998617321")
    account.add("2026-11-10T06:00:00", id="900000001", created="2026-11-10T08:00:00+00:00")
    for without_file in [
        external_id
        for external_id in account.ids()
        if not account.is_stub(external_id) and account.file(external_id) is None
    ]:
        account.delete(without_file)
    folder, secrets = tmp_path_factory.mktemp("upstream"), MemorySecretStore()
    with StandIn(account) as server:
        world = World(server, secrets, folder / "connected", {})
        with Host(
            world.connected, secrets=secrets, clock=FakeClock(), policy=Policy.personal()
        ) as host:
            host.connect("intervals", world.values)
        shutil.copytree(world.connected, folder / "synced")
        with Host(
            folder / "synced", secrets=secrets, clock=FakeClock(), policy=Policy.personal()
        ) as host:
            list(host.sync(options=FILES))
            world.undisturbed = natural(host)
        yield world


@pytest.fixture
def server(world) -> Iterator[StandIn]:
    """Yield the server without faults, and remove all faults at the end."""
    world.server.clear_faults()
    world.server.clear_requests()
    yield world.server
    world.server.clear_faults()


@pytest.fixture
def clock() -> FakeClock:
    """Return a fake clock."""
    return FakeClock()


@pytest.fixture
def open_host(world, server, clock, tmp_path) -> Iterator[Callable[..., Host]]:
    """Yield a function that opens a host on a home of this test's own, which is connected by
    default.
    """
    opened: list[Host] = []

    def open_(*, connected: bool = True) -> Host:
        if connected:
            shutil.copytree(world.connected, tmp_path / "home")
        opened.append(
            Host(tmp_path / "home", secrets=world.secrets, clock=clock, policy=Policy.personal())
        )
        return opened[-1]

    yield open_
    for host in opened:
        host.close()


@pytest.fixture
def impatience(monkeypatch) -> list[float]:
    """Return a list.

    While it holds a number, sessions that are opened have a time-out of that many seconds.
    """
    policy_from_entry, seconds = plugin_view.policy_from_entry, list[float]()

    def shortened(*arguments: Any) -> HttpPolicy:
        policy = policy_from_entry(*arguments)
        return (
            dataclasses.replace(policy, read_s=seconds[0], total_s=seconds[0])
            if seconds
            else policy
        )

    monkeypatch.setattr(plugin_view, "policy_from_entry", shortened)
    return seconds
