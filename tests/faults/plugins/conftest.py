"""Two accounts, one of whose plugins is broken on purpose, and the store of a run in which neither
was.
"""

from __future__ import annotations

import threading

import pytest

from tests.faults.plugins.sources import Accounts, copied, make_registry, synced
from tests.sync.natural import natural


@pytest.fixture(scope="session")
def registry(tmp_path_factory):
    return make_registry(tmp_path_factory.mktemp("faults") / "registry")


@pytest.fixture(scope="session")
def template(registry, tmp_path_factory):
    """A home with both accounts connected."""
    accounts = Accounts(tmp_path_factory.mktemp("accounts") / "home", registry)
    with accounts.host() as host:
        host.connect("bad", {})
        host.connect("good", {})
    return accounts


@pytest.fixture(scope="session")
def undisturbed(template, registry, tmp_path_factory):
    """The store of a run in which nothing went wrong, by natural keys."""
    with copied(template, tmp_path_factory.mktemp("undisturbed") / "home", registry).host() as host:
        assert synced(host).code == 0
        return natural(host)


@pytest.fixture
def accounts(template, registry, tmp_path):
    """A home of this test's own with both accounts connected, and nothing synced."""
    return copied(template, tmp_path / "home", registry)


@pytest.fixture
def release():
    """What blocked plugins wait for; set at the end, so that no thread outlives its test for
    long.
    """
    event = threading.Event()
    yield event
    event.set()
