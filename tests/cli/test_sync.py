"""``fitglue sync``: what it prints for each connection, and how it ends."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from fitglue_registry import Host, Policy
from fitglue_registry.services.events import PartStored
from fitglue_registry.store.tables import records, source_activities
from fitglue_registry.testing import Fault


def test_the_first_sync_takes_everything_and_the_second_makes_one_request(
    connect, fitglue, intervals
):
    """The first sync fetches everything, and the second makes one request and finds nothing new."""
    connect()
    assert "intervals: 5 new, 1 stub (" in fitglue("sync").out
    intervals.clear_requests()
    result = fitglue("sync")
    assert "intervals: nothing new (1 request" in result.out
    assert (result.code, len(intervals.requests)) == (0, 1)


def test_stubs_are_explained_once_with_what_to_do(connect, fitglue):
    """The sync that finds new stubs explains them, and the next one does not repeat it."""
    connect()
    result = fitglue("sync")
    assert "1 stub: Intervals.icu has this activity from Strava" in result.out
    assert "→ link the device's maker" in result.out
    assert "all alternatives: fitglue connect strava" in " ".join(result.out.split())
    assert "Strava" not in fitglue("sync").out


def test_a_record_that_is_not_understood_is_named_and_kept(connect, fitglue, intervals):
    """A record in quarantine is named with its reason and exit code 5, and can be listed, shown and
    tried again.
    """
    intervals.account.add_row(
        {
            "id": "i77",
            "start_date_local": "2026-11-01T08:00:00",
            "type": "Ride",
            "elapsed_time": "an hour",
        }
    )
    connect()
    result = fitglue("sync")
    assert result.code == 5
    assert "1 of them in quarantine" in result.out
    assert result.out.startswith("!")
    assert "! i77: FG-" in result.out
    assert "fitglue quarantine" in result.out
    assert "intervals/i77" in fitglue("quarantine").out
    assert fitglue("quarantine", "--json").lines[0]["external_id"] == "i77"
    assert "tries" in fitglue("quarantine", "show", "i77").out
    assert fitglue("quarantine", "show", "i78").code == 2
    assert "0 of 1 understood now, 1 still in quarantine" in fitglue("quarantine", "retry").out


def test_a_connection_that_stops_shows_its_error_and_gives_the_exit_code(
    connect, fitglue, intervals
):
    """A revoked key ends with exit code 3 and a fix, and the dashboard shows it as well."""
    connect()
    fitglue("sync")
    intervals.revoke_key()
    result = fitglue("sync")
    assert result.code == 3
    assert "intervals: stopped" in result.out
    assert "[FG-key-rejected]" in result.err
    assert "Next: fitglue connect intervals" in fitglue().out


def test_the_other_connections_go_on(connect, fitglue, intervals, tmp_path):
    """A connection that stops does not stop the next one, and its error sets the exit code."""
    connect()
    (tmp_path / "rides").mkdir()
    fitglue("connect", "files", str(tmp_path / "rides"))
    intervals.revoke_key()
    result = fitglue("sync")
    assert result.code == 3
    assert "files: nothing new" in result.out


@pytest.mark.parametrize(
    ("fault", "exit_code", "code"),
    [
        (Fault.status(500), 4, "FG-source-down"),
        (Fault.html_page(), 5, "FG-answer-not-json"),
        (Fault.truncated(), 5, "FG-answer-not-json"),
    ],
    ids=["500", "html", "truncated"],
)
def test_each_failure_of_the_service_has_its_own_code(
    connect, fitglue, intervals, fault, exit_code, code
):
    """Each fault of the service during the listing has its own code."""
    connect()
    intervals.fault("*/activities*", fault, times=None)
    result = fitglue("sync")
    assert result.code == exit_code
    assert f"[{code}]" in result.err


def test_events_come_as_json_lines(connect, fitglue):
    """--json prints each event on one line, the last one with the counts, and nothing else."""
    connect()
    events = fitglue("sync", "--json").lines
    assert [events[0]["event"], events[-1]["event"]] == ["SyncStarted", "SyncFinished"]
    assert events[-1]["counts"] == {"new": 5, "stub": 1}
    assert {
        "event": "PartsPlanned",
        "connection": "intervals",
        "part": "streams",
        "total": 5,
    } in events


def test_the_error_is_in_the_events(connect, fitglue, intervals):
    """With --json the last event of a connection that stops contains its error."""
    connect()
    intervals.revoke_key()
    last = fitglue("sync", "--json").lines[-1]
    assert (last["event"], last["error"]["code"]) == ("SyncStopped", "FG-key-rejected")


def test_held_stubs_are_listed_also_if_no_activity_is_held(vanished, fitglue, tmp_path):
    """If only workouts without an activity are held, the list of what is held has them."""
    fitglue("sync")
    with (
        Host(tmp_path / "home", policy=Policy.personal()) as host,
        host.workspace.database.write() as db,
    ):
        delivered = sa.select(source_activities.c.record_id).where(
            source_activities.c.activity_id.is_not(None)
        )
        db.execute(sa.update(records).where(records.c.id.in_(delivered)).values(state="listed"))
    listed = fitglue("activities", "--held")
    [line] = [line for line in listed.out.splitlines() if line.startswith("· ")]
    assert line.startswith("· intervals/")
    assert "If not, there is nothing to do" in listed.err
    [record] = fitglue("activities", "--held", "--json").lines
    assert f"intervals/{record['external_id']} of {record['start_local'][:10]} has" in line
    assert "No deletion is held" in fitglue("activities", "--held", "--sport", "Run").err
    assert fitglue("activities", "--held", "--sport", "Run", "--json").lines == []


@pytest.fixture
def vanished(connect, fitglue, intervals):
    """A synced service whose list is empty now, and that finds no workout under its id."""
    connect()
    fitglue("sync")
    intervals.fault(re.compile(r"/activities\?"), Fault.shape([]), times=None)
    intervals.fault(re.compile(r"/activit(y|ies)/"), Fault.status(404), times=None)
    return intervals


def test_many_deletions_are_held_until_they_are_confirmed(vanished, fitglue):
    """A sync that loses all workouts says so with exit code 5, and how to confirm it; the dashboard
    and the list of connections show it until then.
    """
    rehearsed = fitglue("sync", "--dry-run")
    assert (rehearsed.code, "6 deletions would be held" in rehearsed.out) == (5, True)
    assert all(id_ in rehearsed.out for id_ in vanished.account.ids())
    result = fitglue("sync")
    assert result.code == 5
    assert result.out.startswith("! intervals: 6 deletions held (")
    assert "fitglue sync intervals --confirm-deletions" in " ".join(result.out.split())
    assert "6 workouts of intervals vanished" in fitglue().out
    assert "6 deletions are held" in fitglue("connections").out
    every = fitglue("activities", "--json").lines
    *activities, other = fitglue("activities", "--held", "--json").lines
    assert activities == every
    assert (other["number"], other["connection"]) == (None, "intervals")
    assert other["external_id"] in vanished.account.ids()
    listed = fitglue("activities", "--held")
    assert "If not, there is nothing to do" in listed.err
    # Of the six, one was never delivered, and has no activity.
    assert listed.out.count("has no activity; to see why: fitglue why ") == 1
    assert fitglue("sync", "--json").code == 5
    confirmed = fitglue("sync", "--confirm-deletions")
    assert (confirmed.code, "6 deleted at the source" in confirmed.out) == (0, True)
    assert (fitglue("sync").code, fitglue("activities", "--json").lines) == (0, [])
    assert fitglue("activities", "--held").err == "No deletion is held.\n"


def test_deletions_cannot_be_confirmed_for_ever(fitglue):
    """`--confirm-deletions` with `--every` is refused, because it would lift the limit for good."""
    result = fitglue("sync", "--every", "1h", "--confirm-deletions")
    assert (result.code, "--every" in result.err) == (2, True)


def test_a_dry_run_stores_nothing(connect, fitglue):
    """--dry-run prints what is new, and no activity exists afterwards."""
    connect()
    output = fitglue("sync", "--dry-run").out
    assert "5 new, 1 stub (" in output
    assert "s); dry run, nothing was stored" in output
    assert fitglue("activities", "--json").lines == []


def test_progress_is_shown_on_a_terminal(connect, intervals):
    """A sync that takes longer than a moment shows its step and bars, and only the
    summary remains.
    """
    connect()
    intervals.latency_s = 0.3
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "fitglue_registry", "sync"], stdin=side, stdout=side, stderr=side
    )
    os.close(side)
    output = b""
    with suppress(OSError):
        while block := os.read(main, 4096):
            output += block
    os.close(main)
    assert process.wait(20) == 0
    assert "intervals: fetching" in output.decode()
    assert "streams" in output.decode()
    assert "5 new, 1 stub" in output.decode()


def test_since_limits_the_first_sync(connect, fitglue, intervals):
    """--since leaves out the older history, and the summary says how to get it."""
    connect()
    newest = intervals.account.row(intervals.account.ids()[0])["start_date_local"][:10]
    result = fitglue("sync", "--since", newest)
    assert f"the history before {newest} is left out" in result.out


def test_days_in_the_wrong_order_are_a_mistake(fitglue):
    """--since with a later date than --until is refused."""
    assert fitglue("sync", "--since", "2026-02-01", "--until", "2026-01-01").code == 2


def test_nothing_connected_says_how_to_begin(fitglue):
    """A sync without any connection names the command that connects."""
    result = fitglue("sync")
    assert result.code == 2
    assert "fitglue connect intervals" in result.err


def test_every_goes_on_until_control_c(connect, fitglue, monkeypatch):
    """--every prints a line for each sync and waits by the clock of the host until Ctrl-C."""
    connect()
    naps = []

    def sleep(_, seconds):
        naps.append(seconds)
        if len(naps) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("fitglue_registry.transport.clock.SystemClock.sleep", sleep)
    result = fitglue("sync", "--every", "30m")
    assert (result.code, naps) == (130, [1800.0, 1800.0])
    assert [line.split("  ")[1].split(" (")[0] for line in result.out.splitlines()] == [
        "intervals: 5 new, 1 stub",
        "intervals: nothing new",
    ]


def test_rebuild_says_what_changed(synced, fitglue):
    """A rebuild derives everything again without a request, and prints how much changed."""
    result = fitglue("rebuild")
    assert "intervals: 30 records derived again, 0 changed" in result.out
    assert synced.requests == []


@pytest.fixture
def far_zone(monkeypatch):
    """Set the zone of this machine to one in which no account of these tests is."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "Pacific/Kiritimati")
        time.tzset()
        yield "Pacific/Kiritimati"
    time.tzset()


def test_the_dashboard_says_that_a_sync_of_another_process_is_running(
    connect, fitglue, tmp_path, far_zone
):
    """While another process syncs, the dashboard says since when, and what is still to come. The
    time is that of this machine, as everywhere else, whatever the zone of the account.
    """
    connect()
    with Host(tmp_path / "home", policy=Policy.personal()) as host:
        sync = host.sync()
        for event in sync:
            if isinstance(event, PartStored):
                break
        shown = fitglue()
        listed = fitglue("connections")
        [work] = [host.connections.status(row).running for row in host.connections.list()]
        sync.close()
    [line] = [line for line in shown.out.splitlines() if "has been running since" in line]
    began = datetime.fromisoformat(work.since).astimezone(ZoneInfo(far_zone))
    assert f"since {began:%H:%M}" in line
    assert "records" in line
    assert "to go" in line
    assert "by process" in listed.out
    assert "has been running" not in fitglue().out
