"""Tests of a missing home folder and of a wrong clock."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry import Host
from fitglue_registry.sync.events import SyncFinished
from fitglue_registry.testing import FakeClock
from tests.faults.local.conftest import KEY, after_the_fault, complete, lost
from tests.sync.builders import finished, sync
from tests.sync.natural import natural

ROOT = Path(__file__).parents[3]


# -- no home ---------------------------------------------------------------------------------------


def call(*arguments, **environment):
    """Run the command in a process with only this environment."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "fitglue_registry", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=kept | environment,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize(
    "command",
    [("sync",), ("activities",), ("doctor", "--offline"), ("connections",), ("backup", "make")],
    ids=lambda command: command[0],
)
def test_a_file_in_place_of_the_folder(fitglue, tmp_path, command, reliability):
    """If FITGLUE_HOME is a file, the command ends with exit code 7 or 2, names the file, and does
    not write to it.
    """
    (tmp_path / "home").write_text("mine")
    said = fitglue(*command, "--json")
    assert said.code in (2, 7), said
    assert str(tmp_path / "home") in said.out + said.err
    assert "fix" in said.out + said.err
    assert "FG-bug" not in said.out + said.err
    assert (tmp_path / "home").read_text() == "mine"
    reliability(
        "local",
        "FITGLUE_HOME names a file",
        lost=0,
        seen="FG-store-unreachable or FG-home-unusable, exit 7, with the path",
    )


def test_connect_into_a_file_stores_nothing(fitglue, tmp_path, service, monkeypatch):
    """If FITGLUE_HOME is a file, connect fails before a key could be lost."""
    (tmp_path / "home").write_text("mine")
    monkeypatch.setenv("FITGLUE_INTERVALS_API_KEY", KEY)
    said = fitglue("connect", "intervals", "--base-url", service.url, "--json")
    assert said.code == 7
    assert complete(said.error)


@pytest.mark.long
def test_no_home_in_the_environment(reliability):
    """Without HOME, the home folder is taken from the system's user database."""
    done = call(
        "doctor", "--offline", "--json", FITGLUE_SECRETS="file", XDG_DATA_HOME="/proc/nowhere"
    )
    assert done.returncode == 7, done
    assert "FG-home-unusable" in done.stdout + done.stderr
    assert "FG-bug" not in done.stdout + done.stderr
    reliability(
        "local",
        "a home folder that cannot be made",
        lost=0,
        seen="FG-home-unusable, exit 7, and FITGLUE_HOME as the way out",
    )


@pytest.mark.long
def test_a_home_that_is_no_folder(tmp_path, reliability):
    """If HOME is a file, the error names the folder that cannot be created."""
    (tmp_path / "file").write_text("")
    done = call("connections", "--json", FITGLUE_SECRETS="file", HOME=str(tmp_path / "file"))
    assert done.returncode == 7, done
    assert "FG-store-unreachable" in done.stderr
    reliability(
        "local",
        "HOME names a file",
        lost=0,
        seen="FG-store-unreachable, exit 7, and FITGLUE_HOME as the way out",
    )


# -- a wrong clock ---------------------------------------------------------------------------------


def wrong_clock(days: int = 0) -> FakeClock:
    """Set the clock wrong by this many days."""
    return FakeClock(datetime.now(UTC) + timedelta(days=days))


@pytest.mark.long
@pytest.mark.parametrize(
    "days",
    [3650, -3650, 365 * 70, -365 * 45],
    ids=["ten-ahead", "ten-behind", "seventy-ahead", "1981"],
)
def test_a_first_sync_with_a_wrong_clock(connected, homes, days, reliability):
    """A first sync with a clock that is years ahead or behind ends well, and a sync with the right
    clock makes the store of an undisturbed run.
    """
    with Host(connected, clock=wrong_clock(days)) as host:
        finished(host, files=True)
    gone = after_the_fault(connected, homes)
    assert gone == 0
    reliability(
        "local",
        "a clock that is years wrong during a sync",
        lost=gone,
        seen="nothing; `doctor` says when it is behind",
    )


@pytest.mark.long
@pytest.mark.parametrize("days", [-400, -1, 400], ids=["a-year-back", "a-day-back", "a-year-on"])
def test_a_clock_that_is_moved_between_two_syncs(connected, homes, days, reliability):
    """If the clock is moved back or forward between two syncs, the second sync changes nothing, and
    neither does a third with the right clock.
    """
    clock = wrong_clock()
    with Host(connected, clock=clock) as host:
        finished(host, files=True)
        clock.move(days=days)
        assert isinstance(sync(host, files=True), SyncFinished)
        between = lost(natural(host), homes.expected)
    gone = after_the_fault(connected, homes)
    assert (between, gone) == (0, 0)
    reliability(
        "local",
        "a clock that is moved between two syncs",
        lost=gone,
        seen="nothing; `doctor` says when it is behind",
    )


@pytest.mark.long
def test_a_late_upload_arrives_although_the_clock_was_wrong(tmp_path, reliability):
    """An upload arrives, whether it was made while the clock was ahead or after it was corrected,
    because no cursor depends on a date.
    """
    account = Account.generate(count=3, seed=2)
    clock = wrong_clock(3650)
    with StandIn(account) as server, Host(tmp_path, clock=clock) as host:
        host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        finished(host)
        account.add(f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%dT06:00:00}", id="i900000001")
        clock.move(days=-3650)
        finished(host)
        missing = int("i900000001" not in {key[1] for key in natural(host)["records"]})
    assert missing == 0
    reliability(
        "local",
        "a clock that is moved between two syncs",
        lost=missing,
        seen="nothing; `doctor` says when it is behind",
    )


def test_edits_arrive_after_a_walk_with_a_clock_ahead(tmp_path, reliability):
    """A full walk that seems to be in the future delays no other, and the response that was
    received last wins although it seems older.
    """
    account = Account.generate(count=4, seed=2)
    old = account.add(
        f"{datetime.now(UTC) - timedelta(days=400):%Y-%m-%dT06:00:00}", id="i900000001"
    )
    clock = wrong_clock(3650)
    with StandIn(account) as server, Host(tmp_path, clock=clock) as host:
        host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        finished(host, streams=False)
        edited = (account.ids()[0], old)
        for external_id in edited:
            account.edit(external_id, name="Renamed")
        clock.move(days=-3650)
        finished(host, streams=False)
        missed = sum(
            host.activities.get(external_id).activity.title != "Renamed" for external_id in edited
        )
        missed += dict(list(host.syncs.rebuild())[-1].counts)["changed"]
        server.clear_requests()
        finished(host, streams=False)
        assert len(server.requests) == 1
    assert missed == 0
    reliability(
        "local",
        "a clock that is moved between two syncs",
        lost=missed,
        seen="nothing; `doctor` says when it is behind",
    )


@pytest.mark.parametrize("days", [-3650, -365 * 45])
def test_doctor_says_that_the_clock_is_behind(connected, days):
    """Doctor notes a clock that is before the last sync or before the release of this version."""
    with Host(connected, clock=wrong_clock(days)) as host:
        [clock] = [check for check in host.upkeep.checks(offline=True) if check.name == "clock"]
    assert clock.state == "look"
    assert "set the clock" in clock.detail
