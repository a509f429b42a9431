"""Tests of homes that cannot be used, and of a clock that is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry import Host, Policy
from fitglue_registry.sync.events import SyncFinished
from fitglue_registry.testing import FakeClock
from tests.faults.local.conftest import KEY, after_the_fault, complete, lost
from tests.sync.builders import finished, sync
from tests.sync.natural import natural

ROOT = Path(__file__).parents[3]


# -- unusable homes --------------------------------------------------------------------------------


def run_command(*arguments, **environment):
    """Run the command in a process whose environment has only these variables."""
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
def test_a_file_in_place_of_the_home_is_reported(fitglue, tmp_path, command, reliability):
    """If ``FITGLUE_HOME`` names a file, the command reports the file with exit code 7 or 2, and
    does not write to it.
    """
    (tmp_path / "home").write_text("mine")
    result = fitglue(*command, "--json")
    assert result.code in (2, 7), result
    assert str(tmp_path / "home") in result.out + result.err
    assert "fix" in result.out + result.err
    assert "FG-bug" not in result.out + result.err
    assert (tmp_path / "home").read_text() == "mine"
    reliability(
        "local",
        "FITGLUE_HOME names a file",
        lost=0,
        seen="FG-store-unreachable or FG-home-unusable, exit 7, with the path",
    )


def test_connect_into_a_file_stores_nothing(fitglue, tmp_path, service, monkeypatch):
    """If ``FITGLUE_HOME`` names a file, ``connect`` fails with a complete error."""
    (tmp_path / "home").write_text("mine")
    monkeypatch.setenv("FITGLUE_INTERVALS_API_KEY", KEY)
    result = fitglue("connect", "intervals", "--base-url", service.url, "--json")
    assert result.code == 7
    assert complete(result.error)


@pytest.mark.long
def test_a_home_that_cannot_be_created_is_reported(reliability):
    """If ``HOME`` is not set and the data folder cannot be created, ``doctor`` reports
    ``FG-home-unusable``.
    """
    process = run_command(
        "doctor", "--offline", "--json", FITGLUE_SECRETS="file", XDG_DATA_HOME="/proc/nowhere"
    )
    assert process.returncode == 7, process
    assert "FG-home-unusable" in process.stdout + process.stderr
    assert "FG-bug" not in process.stdout + process.stderr
    reliability(
        "local",
        "a home folder that cannot be created",
        lost=0,
        seen="FG-home-unusable, exit 7, and FITGLUE_HOME as the fix",
    )


@pytest.mark.long
def test_a_home_that_is_not_a_folder_is_reported(tmp_path, reliability):
    """If ``HOME`` names a file, the command reports ``FG-store-unreachable``."""
    (tmp_path / "file").write_text("")
    process = run_command(
        "connections", "--json", FITGLUE_SECRETS="file", HOME=str(tmp_path / "file")
    )
    assert process.returncode == 7, process
    assert "FG-store-unreachable" in process.stderr
    reliability(
        "local",
        "HOME names a file",
        lost=0,
        seen="FG-store-unreachable, exit 7, and FITGLUE_HOME as the fix",
    )


# -- a wrong clock ---------------------------------------------------------------------------------


def wrong_clock(days: int = 0) -> FakeClock:
    """Return a clock that is wrong by so many days."""
    return FakeClock(datetime.now(UTC) + timedelta(days=days))


@pytest.mark.long
@pytest.mark.parametrize(
    "days",
    [3650, -3650, 365 * 70, -365 * 45],
    ids=["ten-ahead", "ten-behind", "seventy-ahead", "1981"],
)
def test_a_first_sync_with_a_wrong_clock_loses_nothing(connected, homes, days, reliability):
    """A first sync with a clock that is years ahead or behind finishes, and the next sync with the
    right clock makes the store of an undisturbed run.
    """
    with Host(connected, clock=wrong_clock(days), policy=Policy.personal()) as host:
        finished(host, files=True)
    gone = after_the_fault(connected, homes)
    assert gone == 0
    reliability(
        "local",
        "a clock that is years wrong during a sync",
        lost=gone,
        seen="nothing; `doctor` reports a clock that is behind",
    )


@pytest.mark.long
@pytest.mark.parametrize("days", [-400, -1, 400], ids=["a-year-back", "a-day-back", "a-year-on"])
def test_a_clock_that_is_set_between_two_syncs_loses_nothing(connected, homes, days, reliability):
    """If the clock is set forward or back between two syncs, the second sync finishes and
    changes nothing, and neither does the third sync, with the right clock.
    """
    clock = wrong_clock()
    with Host(connected, clock=clock, policy=Policy.personal()) as host:
        finished(host, files=True)
        clock.move(days=days)
        assert isinstance(sync(host, files=True), SyncFinished)
        between = lost(natural(host), homes.expected)
    gone = after_the_fault(connected, homes)
    assert (between, gone) == (0, 0)
    reliability(
        "local",
        "a clock that is set forward or back between two syncs",
        lost=gone,
        seen="nothing; `doctor` reports a clock that is behind",
    )


@pytest.mark.long
def test_a_late_upload_arrives_although_the_clock_was_wrong(tmp_path, reliability):
    """A workout that is uploaded while the clock is ahead, or after it was set right, arrives,
    because a sync has no date cursor.
    """
    account = Account.generate(count=3, seed=2)
    clock = wrong_clock(3650)
    with StandIn(account) as server, Host(tmp_path, clock=clock, policy=Policy.personal()) as host:
        host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        finished(host)
        account.add(f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%dT06:00:00}", id="i900000001")
        clock.move(days=-3650)
        finished(host)
        missing = int("i900000001" not in {key[1] for key in natural(host)["records"]})
    assert missing == 0
    reliability(
        "local",
        "a clock that is set forward or back between two syncs",
        lost=missing,
        seen="nothing; `doctor` reports a clock that is behind",
    )


def test_edits_arrive_after_a_walk_with_a_clock_ahead(tmp_path, reliability):
    """A full walk with a clock that is ahead does not postpone the next one, and a response that
    seems older than the previous one still replaces it.
    """
    account = Account.generate(count=4, seed=2)
    old = account.add(
        f"{datetime.now(UTC) - timedelta(days=400):%Y-%m-%dT06:00:00}", id="i900000001"
    )
    clock = wrong_clock(3650)
    with StandIn(account) as server, Host(tmp_path, clock=clock, policy=Policy.personal()) as host:
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
        "a clock that is set forward or back between two syncs",
        lost=missed,
        seen="nothing; `doctor` reports a clock that is behind",
    )


@pytest.mark.parametrize("days", [-3650, -365 * 45])
def test_doctor_reports_a_clock_that_is_behind(connected, days):
    """``doctor`` reports a clock that is earlier than the last sync or than the release of this
    version.
    """
    with Host(connected, clock=wrong_clock(days), policy=Policy.personal()) as host:
        [clock] = [check for check in host.upkeep.checks(offline=True) if check.name == "clock"]
    assert clock.state == "look"
    assert "set the clock" in clock.detail
