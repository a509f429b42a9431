"""Tests of the pool, which derives heavy parts in worker processes."""

from __future__ import annotations

import logging
import os
import signal
import sys

import loky
import psutil
import pytest

from fitglue_registry.plugins import Plugins
from fitglue_registry.sync.deriving import pool, workers
from fitglue_registry.sync.events import PartStored
from tests.sync.builders import finished, stopped
from tests.sync.natural import natural
from tests.sync.slow import Scripts, install

MANY = 20
DIES = "os.kill(os.getpid(), signal.SIGKILL)"
DIES_ONCE = f"if len(here.read_text().split()) == 1: {DIES}"
REPORTS_AND_WAITS = (
    "open(here.parents[1] / 'pipe', 'w').write('at work\\n')\nthreading.Event().wait()"
)


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    """A folder of scripts, with its plugin installed."""
    site = install(tmp_path / "site")
    monkeypatch.syspath_prepend(site)
    yield Scripts(tmp_path / "scripts", site)
    sys.modules.pop("fg_slow", None)


@pytest.fixture
def host(scripts, tmp_path):
    with scripts.host(tmp_path / "home") as host:
        yield host


def read_by_workers(scripts) -> set[str]:
    """Return the names of the scripts that only other processes than this one have read."""
    return {name for name, pids in scripts.readers().items() if os.getpid() not in pids}


def titles(host) -> list[str]:
    """Return the titles of all activities."""
    return [activity["title"] for activity in host.activities()]


def test_many_heavy_parts_are_derived_in_other_processes(scripts, host):
    """Many heavy parts are derived in worker processes and stored newest first."""
    scripts.add(MANY)
    events = list(host.sync())
    stored = [event.external_id for event in events if isinstance(event, PartStored)]
    assert stored == sorted(stored, key=int, reverse=True)
    assert len(read_by_workers(scripts)) == MANY
    assert titles(host) == ["read"] * MANY


def test_a_few_heavy_parts_are_derived_in_this_process(scripts, host):
    """A few heavy parts are derived in this process, because a worker takes longer to start."""
    scripts.add(workers._MIN_HEAVY_RECORDS - 1)
    finished(host)
    assert read_by_workers(scripts) == set()


@pytest.mark.long
def test_the_store_is_the_same_as_without_processes(scripts, host, tmp_path, monkeypatch):
    """Worker processes store the same as this process does, including a refusal and an error of the
    plugin's code with its place.
    """
    scripts.add(MANY, n3="raise RecordRefused('FG-script-odd', 'three')", n4="1 / 0")
    finished(host)
    monkeypatch.setattr(workers, "_MIN_HEAVY_RECORDS", MANY + 1)
    with scripts.host(tmp_path / "other") as other:
        finished(other)
        assert natural(other) == natural(host)
        assert [record["what"] for record in other.records.quarantine()] == [
            record["what"] for record in host.records.quarantine()
        ]
    assert "ZeroDivisionError" in str(host.records.quarantine())


@pytest.mark.long
def test_on_postgresql_it_is_the_same(scripts, host, tmp_path, postgres_url):
    """Worker processes give the same store on PostgreSQL, since they never see the database."""
    scripts.add(MANY)
    finished(host)
    with scripts.host(tmp_path / "other", database=postgres_url) as other:
        finished(other)
        assert natural(other) == natural(host)


def test_the_records_of_a_killed_worker_are_derived_again(scripts, host, caplog):
    """If a worker is killed, its records are derived by other workers, and the log has one warning
    about it.
    """
    scripts.add(MANY, n8=DIES_ONCE)
    with caplog.at_level(logging.WARNING):
        finished(host)
    assert titles(host) == ["read"] * MANY
    assert len(read_by_workers(scripts)) == MANY
    assert [
        record.levelname for record in caplog.records if "ended unexpectedly" in record.message
    ] == ["WARNING"]


@pytest.mark.long
def test_a_record_that_kills_its_worker_twice_goes_to_quarantine(scripts, host):
    """A record that kills its worker twice goes to quarantine with the plugin's name, is never
    derived in this process, and does not stop the other records.
    """
    scripts.add(MANY, n8=DIES)
    finished(host)
    in_quarantine = host.records.quarantine()
    assert [(record["external_id"], record["code"]) for record in in_quarantine] == [
        ("8", "FG-plugin-died")
    ]
    assert sorted(titles(host)) == ["listed"] + ["read"] * (MANY - 1)
    assert len(read_by_workers(scripts)) == MANY


@pytest.mark.long
def test_if_workers_keep_dying_records_are_derived_in_this_process(scripts, host, monkeypatch):
    """If workers die again and again, the remaining records are derived in this process."""
    monkeypatch.setattr(pool, "_MAX_STARTS", 1)
    monkeypatch.setattr(pool, "_JOBS_PER_CORE", 1)
    count = MANY + loky.cpu_count()  # more than can be under way when the newest kills its worker
    newest = f"(here.parent / '{count - 1}')"
    is_worker = f"os.getpid() != {os.getpid()}"
    is_read_once = f"(not {newest}.exists() or len({newest}.read_text().split()) == 1)"
    # Workers wait as long as the newest script has not been read a second time.
    waits = f"if {is_worker} and {is_read_once}: threading.Event().wait()"
    scripts.add(count, waits, **{f"n{count - 1}": DIES_ONCE})
    finished(host)
    assert titles(host) == ["read"] * count
    assert scripts.readers()["0"] == [os.getpid()]


@pytest.mark.long
def test_a_plugin_that_blocks_in_a_worker_is_named_and_stops_its_connection(scripts, tmp_path):
    """A plugin that blocks in a worker stops its connection after the host's time limit; the
    records before it are stored, and the worker does not outlive the sync.
    """
    scripts.add(MANY, n8="threading.Event().wait()")
    with scripts.host(tmp_path / "home", plugins=Plugins(time_limit_s=1.0)) as host:
        assert stopped(host).code == "FG-plugin-blocked"
        assert titles(host).count("read") == MANY - 9
    assert os.getpid() not in scripts.readers()["8"]
    assert workers_left(scripts) == set()


@pytest.mark.long
def test_the_bytes_in_progress_are_limited(scripts, host, monkeypatch):
    """If each record reaches the limit of bytes, one job runs at a time, and all are derived."""
    monkeypatch.setattr(pool, "_MAX_BYTES", 1)
    scripts.add(MANY)
    finished(host)
    assert len(read_by_workers(scripts)) == MANY


def test_the_workers_end_with_the_sync(scripts, host):
    """The worker processes end with the sync, also if its iterator is closed early, and the next
    sync derives the remaining records.
    """
    scripts.add(MANY)
    events = host.sync()
    for event in events:
        if isinstance(event, PartStored):
            break
    events.close()
    assert workers_left(scripts) == set()
    assert 1 <= titles(host).count("read") < MANY
    finished(host)
    assert titles(host) == ["read"] * MANY


def workers_left(scripts) -> set[int]:
    """Return the ids of the workers that read scripts and are still running."""
    pids = {pid for pids in scripts.readers().values() for pid in pids}
    return {pid for pid in pids - {os.getpid()} if psutil.pid_exists(pid)}


@pytest.fixture
def at_work(scripts, tmp_path):
    """A running command whose workers wait forever, and all of its processes."""
    scripts.add(MANY, REPORTS_AND_WAITS)
    os.mkfifo(scripts.folder / "pipe")
    with scripts.command(tmp_path / "home", "connect", "slow", str(scripts.folder)) as connecting:
        assert connecting.wait(60) == 0, connecting.stderr.read()
    with scripts.command(tmp_path / "home", "sync") as command:
        assert (scripts.folder / "pipe").read_text().startswith("at work")
        processes = [
            psutil.Process(command.pid),
            *psutil.Process(command.pid).children(recursive=True),
        ]
        yield command, processes
        for process in processes:
            if process.is_running():
                process.kill()


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)]
)
def test_a_signal_to_the_whole_group_ends_all_of_it(at_work, number):
    """A signal to the process group, as Ctrl-C in a terminal sends it, ends the command and all
    of its workers, and none of them prints a traceback.
    """
    command, processes = at_work
    os.killpg(command.pid, number)
    assert command.wait(20) == 130
    assert psutil.wait_procs(processes, timeout=20)[1] == []
    assert "Traceback" not in command.stderr.read()


@pytest.mark.long
def test_a_killed_sync_leaves_no_worker_behind_and_is_resumed(at_work, scripts, host, tmp_path):
    """The workers of a sync that is killed with SIGKILL end on their own, and the next sync
    completes the store.
    """
    command, processes = at_work
    command.kill()
    assert psutil.wait_procs(processes, timeout=20)[1] == []
    scripts.add(MANY)
    finished(host)
    with scripts.host(tmp_path / "home") as again:
        finished(again)
        assert titles(again) == ["read"] * MANY


@pytest.mark.long
def test_records_that_are_derived_again_use_workers_too(scripts, host):
    """A rebuild, a retry of the quarantine and a sync with changed summaries derive many heavy
    records in worker processes.
    """
    scripts.add(
        MANY,
        "if not (here.parents[1] / 'note').exists(): raise RecordRefused('FG-script-odd', "
        "'not yet')",
    )
    finished(host)
    assert len(host.records.quarantine()) == MANY
    for again in (host.syncs.rebuild, host.syncs.retry_quarantine):
        scripts.forget_readers()
        list(again())
        assert len(read_by_workers(scripts)) == MANY
    scripts.forget_readers()
    (scripts.folder / "note").write_text("changed")
    assert finished(host)["changed"] == MANY
    assert len(read_by_workers(scripts)) == MANY
    assert titles(host) == ["read"] * MANY
