"""Fixtures of the tests of secrets: a host whose secrets are in files or in a keyring that a test
can read, and an account on a stand-in server.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta

import keyring
import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry import Host, Policy
from fitglue_registry.transport.clock import SystemClock
from tests.faults.secrets.killed import FileKeyring

#: Long and unusual enough to be found in every encoding.
KEY = 'Pl4nted"key/0f+secrets'


@pytest.fixture(autouse=True)
def _environment(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("FITGLUE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FITGLUE_SECRETS", "file")
    monkeypatch.setenv("FITGLUE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(keyring.core, "_keyring_backend", FileKeyring(tmp_path / "home.keyring"))


@pytest.fixture
def no_waiting(monkeypatch):
    """Let every sleep take no time, and advance the clock instead."""
    slept = [0.0]
    monkeypatch.setattr(
        SystemClock, "sleep", lambda self, seconds: slept.append(slept.pop() + seconds)
    )
    monkeypatch.setattr(
        SystemClock, "now", lambda self: datetime.now(UTC) + timedelta(seconds=slept[0])
    )
    monkeypatch.setattr(SystemClock, "monotonic", lambda self: time.monotonic() + slept[0])


@pytest.fixture
def desktop():
    """Return the keyring of this machine."""
    return keyring.get_keyring()


@pytest.fixture
def service():
    """Yield a server with an account of three workouts that ``KEY`` opens."""
    with StandIn(Account.generate(3, strava_stubs=1), api_key=KEY) as server:
        yield server


@pytest.fixture
def home(tmp_path):
    """Return the path of the host's home."""
    return tmp_path / "home"


@pytest.fixture
def connect(home, service):
    """Return a function that connects to the account, or connects again with the current key."""

    def call():
        with Host(home, policy=Policy.personal()) as host:
            return host.connect(
                "intervals", {"api_key": service.api_key, "base_url": service.url}
            ).connection

    return call
