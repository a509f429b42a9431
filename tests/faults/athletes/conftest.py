"""A server with a closed policy, whose operator lets athletes connect a service on loopback."""

from __future__ import annotations

from datetime import date

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry import Host, Policy
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.testing import FakeClock

LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture
def service():
    """Yield the service that the operator allows."""
    account = Account.generate(count=4, seed=3, until=date(2026, 11, 20), distinct_streams=1)
    with StandIn(account) as service:
        yield service


@pytest.fixture
def trap():
    """Yield a service inside of the network that no athlete may request."""
    account = Account.generate(count=2, seed=4, until=date(2026, 11, 20), distinct_streams=1)
    with StandIn(account) as trap:
        yield trap


@pytest.fixture
def operated(service) -> Policy:
    """Return the policy of an operator whose service has an address on this machine."""
    return Policy(networks=LOOPBACK, settings={"intervals": {"base_url": service.url}})


@pytest.fixture
def open_host(tmp_path):
    """Yield a function that opens a host with a policy; all of them share home and secrets."""
    secrets = MemorySecretStore()
    opened = []

    def open_(policy: Policy | None = None, **parts) -> Host:
        options = {"secrets": secrets, "clock": FakeClock()} | parts
        opened.append(Host(tmp_path / "home", policy=policy, **options))
        return opened[-1]

    yield open_
    for host in opened:
        host.close()
