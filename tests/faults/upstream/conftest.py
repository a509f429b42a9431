"""One account and its server for all tests of a process, a home that is connected to it, and the
store of an undisturbed sync.
"""

from __future__ import annotations

import dataclasses
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry import Host
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
    """What the cells of the matrix share; none of them changes the account."""

    server: StandIn
    secrets: MemorySecretStore
    connected: Path
    undisturbed: dict[str, Any]

    @property
    def values(self) -> dict[str, str]:
        """What ``connect`` is given."""
        return {"api_key": self.server.api_key or "", "base_url": self.server.url}


@pytest.fixture(scope="session")
def world(tmp_path_factory) -> Iterator[World]:
    """Built once a process: the account has a stub, every other workout has every part, and one id
    is nothing but digits.
    """
    account = Account.generate(count=3, seed=3, until=UNTIL, distinct_streams=1)
    # The oldest, so that odd values meet the others.
    account.add_strava_stub("2026-11-01T07:00:00", id="16998617321")
    account.add("2026-11-10T06:00:00", id="900000001", created="2026-11-10T08:00:00+00:00")
    for by_hand in [
        one for one in account.ids() if not account.is_stub(one) and account.file(one) is None
    ]:
        account.delete(by_hand)
    folder, secrets = tmp_path_factory.mktemp("upstream"), MemorySecretStore()
    with StandIn(account) as server:
        world = World(server, secrets, folder / "connected", {})
        with Host(world.connected, secrets=secrets, clock=FakeClock()) as host:
            host.connect("intervals", world.values)
        shutil.copytree(world.connected, folder / "synced")
        with Host(folder / "synced", secrets=secrets, clock=FakeClock()) as host:
            list(host.sync(options=FILES))
            world.undisturbed = natural(host)
        yield world


@pytest.fixture
def server(world) -> Iterator[StandIn]:
    """The server, well-behaved at the beginning and in the end."""
    world.server.clear_faults()
    world.server.clear_requests()
    yield world.server
    world.server.clear_faults()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def open_host(world, server, clock, tmp_path) -> Iterator[Callable[..., Host]]:
    """Opens a host on a home of this test's own, connected unless told otherwise."""
    opened: list[Host] = []

    def open_(*, connected: bool = True) -> Host:
        if connected:
            shutil.copytree(world.connected, tmp_path / "home")
        opened.append(Host(tmp_path / "home", secrets=world.secrets, clock=clock))
        return opened[-1]

    yield open_
    for host in opened:
        host.close()


@pytest.fixture
def impatience(monkeypatch) -> list[float]:
    """Time-outs of so many seconds for the sessions that are opened while there is one in this
    list.
    """
    made, seconds = plugin_view.policy_from_entry, list[float]()

    def shortened(*arguments: Any) -> HttpPolicy:
        whole = made(*arguments)
        return (
            dataclasses.replace(whole, read_s=seconds[0], total_s=seconds[0]) if seconds else whole
        )

    monkeypatch.setattr(plugin_view, "policy_from_entry", shortened)
    return seconds
