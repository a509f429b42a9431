"""Fixtures: a service that issues tokens, a host that knows it, and a clock that both use."""

from __future__ import annotations

import pytest

from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.testing import FakeClock
from tests.services.granting.club import KEY, Club, host_of, make_registry


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def club(clock):
    with Club(clock.now) as service:
        yield service


@pytest.fixture
def registry(tmp_path):
    return make_registry(tmp_path / "registry")


@pytest.fixture
def host(tmp_path, registry, clock):
    with host_of(tmp_path / "home", registry, clock=clock, secrets=MemorySecretStore()) as host:
        yield host


@pytest.fixture
def connect(host, club):
    """Return a function that connects to the service with a key."""

    def call(key=KEY):
        return host.connect("club", {"api_key": key, "base_url": f"{club.url}/v1"})

    return call


@pytest.fixture
def secret(host):
    """Return a function that returns the stored values of the only connection."""

    def call():
        [connected] = host.connections.list()
        return host.workspace.secrets.get(connected.secret_ref)

    return call
