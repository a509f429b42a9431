"""Two connected accounts, one of which gets a broken plugin, and the store of an undisturbed run to
compare with.
"""

from __future__ import annotations

import threading

import pytest

from tests.faults.plugins.sources import Accounts, copied, make_registry, synced
from tests.sync.natural import natural


@pytest.fixture(scope="session")
def registry(tmp_path_factory):
    """Return a registry folder with the entries of both accounts."""
    return make_registry(tmp_path_factory.mktemp("faults") / "registry")


@pytest.fixture(scope="session")
def template(registry, tmp_path_factory):
    """Return a home in which both accounts are connected; tests copy it."""
    accounts = Accounts(tmp_path_factory.mktemp("accounts") / "home", registry)
    with accounts.host() as host:
        host.connect("bad", {})
        host.connect("good", {})
    return accounts


@pytest.fixture(scope="session")
def undisturbed(template, registry, tmp_path_factory):
    """Return the store of a run in which nothing went wrong, by natural keys."""
    with copied(template, tmp_path_factory.mktemp("undisturbed") / "home", registry).host() as host:
        assert synced(host).code == 0
        return natural(host)


@pytest.fixture
def accounts(template, registry, tmp_path):
    """Return a home of this test's own, in which both accounts are connected and nothing is
    synced.
    """
    return copied(template, tmp_path / "home", registry)


@pytest.fixture
def release():
    """Yield the event that blocked plugins wait for.

    It is set at the end of the test, so that the abandoned threads end soon after it.
    """
    event = threading.Event()
    yield event
    event.set()
