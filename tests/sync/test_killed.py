"""Killed at every commit and every blob, and started again: the same store as never killed."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fitglue_registry import Host
from fitglue_registry.testing.intervals import Account, StandIn
from tests.sync.builders import finished, native
from tests.sync.natural import natural

CHILD = Path(__file__).with_name("killed.py")
ROOT = Path(__file__).parents[2]


def account():
    return Account.generate(count=6, seed=5, strava_stubs=1, distinct_streams=1)


def first_sync(home: Path, server: StandIn) -> None:
    """Only connected: the sync that is killed is the first."""
    with Host(home) as host:
        host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})


def later_sync(home: Path, server: StandIn) -> None:
    """Synced once; then one workout is edited, one late, one deleted, one odd, one stub becomes native."""
    first_sync(home, server)
    with Host(home) as host:
        finished(host, files=True)


def change(account: Account) -> None:
    ids = native(account)
    account.edit(ids[0], name="Renamed")
    account.edit_intervals(next(one for one in ids if account.intervals(one)[0]))
    account.delete(ids[2])
    account.add("2026-11-01T06:00:00", id="i900000001", created="2026-11-21T06:00:00+00:00")
    account.add_row({"id": "i99", "start_date_local": "2026-11-18T10:00:00", "type": "Run", "moving_time": {"odd": 1}})
    account.make_native(next(one for one in account.ids() if account.is_stub(one)), keep_stub=True)


def run_child(home: Path, point: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(CHILD), str(home), "", str(point), "files"]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)


class Scenario:
    """A prepared home, the server it syncs with, and the store of an undisturbed run."""

    def __init__(self, folder: Path, prepare, changed: bool) -> None:
        self.account = account()
        self.server = StandIn(self.account).start()
        self.prepared, whole = folder / "prepared", folder / "whole"
        prepare(self.prepared, self.server)
        if changed:
            change(self.account)
        shutil.copytree(self.prepared, whole)
        undisturbed = run_child(whole, 0)
        assert undisturbed.returncode == 0, undisturbed.stderr
        self.points = int(undisturbed.stdout)
        with Host(whole) as host:
            self.expected = natural(host)


@pytest.fixture(scope="module", params=["first", "later"])
def scenario(request, tmp_path_factory):
    first = request.param == "first"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FITGLUE_SECRETS", "file")
        made = Scenario(tmp_path_factory.mktemp(request.param), first_sync if first else later_sync, changed=not first)
        yield made
        made.server.close()


def killed_at(scenario: Scenario, home: Path, point: int) -> None:
    shutil.copytree(scenario.prepared, home)
    child = run_child(home, point)
    assert child.returncode == -signal.SIGKILL, child.stderr
    with Host(home) as host:
        finished(host, files=True)
        assert natural(host) == scenario.expected


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_killed_at_a_commit_and_started_again_the_store_is_the_same(scenario, tmp_path, share):
    """SIGKILL at a point of the sync, then a sync: the store of a sync that was never killed."""
    killed_at(scenario, tmp_path / "home", 1 + round(share * (scenario.points - 1)))


@pytest.mark.long
def test_killed_at_every_commit_and_started_again_the_store_is_the_same(scenario, tmp_path):
    """SIGKILL at each commit and each blob in turn, then a sync: the store of a sync that was never killed."""
    for point in range(1, scenario.points + 1):
        killed_at(scenario, tmp_path / str(point), point)


def test_killed_again_and_again_the_store_is_the_same(scenario, tmp_path):
    """A sync that is killed at its third commit four times over still gets to the end."""
    home = tmp_path / "home"
    shutil.copytree(scenario.prepared, home)
    for _ in range(4):
        if run_child(home, 3).returncode == 0:
            break
    with Host(home) as host:
        finished(host, files=True)
        assert natural(host) == scenario.expected


def test_a_killed_sync_repeats_only_what_was_at_hand(tmp_path, monkeypatch):
    """What was committed is not asked for again: one list, and the request at hand on each of two connections."""
    monkeypatch.setenv("FITGLUE_SECRETS", "file")
    with StandIn(account()) as server:
        first_sync(tmp_path, server)
        server.clear_requests()
        run_child(tmp_path, 6)
        with Host(tmp_path) as host:
            finished(host, files=True)
        asked = [(request.path, request.query) for request in server.requests]
        assert len(asked) - len(set(asked)) <= 1 + 2
