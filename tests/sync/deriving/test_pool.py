"""Tests of the pool, which derives heavy parts in worker processes."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from importlib.metadata import distribution
from types import SimpleNamespace

import psutil
import pytest

from fitglue_registry import Quotas
from fitglue_registry.hookspecs import PLUGIN_GROUP
from fitglue_registry.plugins import Plugins
from fitglue_registry.sync.deriving import pool
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


def test_a_single_heavy_part_is_derived_in_another_process(scripts, host):
    """A foreign file is never read in this process, even if it is the only one."""
    scripts.add(1)
    finished(host)
    assert len(read_by_workers(scripts)) == 1


def test_what_arrives_after_a_file_is_derived_in_another_process_too(scripts, tmp_path):
    """A record that has a file is derived in a worker again when another part of it arrives, and
    when one does not exist.
    """
    source = scripts.site / "fg_slow" / "registry" / "sources" / "slow.yaml"
    more = "heavy: true}, {name: detail, from: fetch}, {name: streams, from: fetch}]"
    source.write_text(source.read_text().replace("heavy: true}]", more))
    scripts.add(2)
    with scripts.host(tmp_path / "home") as host:
        assert finished(host)["no-streams"] == 2
    assert [len(pids) for pids in scripts.readers().values()] == [3, 3]
    assert len(read_by_workers(scripts)) == 2


def test_plugins_of_an_application_are_used_in_workers_too(scripts, tmp_path):
    """The entry points that an application provides are loaded again in the worker processes."""
    scripts.add(2)
    with scripts.host(
        tmp_path / "home", plugins=Plugins(distribution("fg-slow").entry_points)
    ) as host:
        finished(host)
    assert len(read_by_workers(scripts)) == 2


def test_plugins_that_no_worker_can_load_read_no_file(scripts, tmp_path):
    """If an application provides a plugin that no other process can load, its connection stops, and
    no file is read in this process.
    """
    scripts.add(1)
    plugin, registry = distribution("fg-slow").entry_points
    local = SimpleNamespace(
        name="fg-slow", value="", group=PLUGIN_GROUP, load=lambda: plugin.load()
    )
    with scripts.host(tmp_path / "home", plugins=Plugins([local, registry])) as host:
        assert stopped(host).code == "FG-plugin-not-importable"
    assert scripts.readers() == {}


@pytest.mark.long
def test_the_store_does_not_depend_on_the_order_of_workers(scripts, host, tmp_path, monkeypatch):
    """Several workers store the same as one after the other, including a refusal and an error of
    the plugin's code with its place.
    """
    scripts.add(MANY, n3="raise RecordRefused('FG-script-odd', 'three')", n4="1 / 0")
    finished(host)
    monkeypatch.setattr(pool, "MOST_BYTES_IN_PROGRESS", 1)
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


def test_the_record_of_a_killed_worker_is_derived_again(scripts, host):
    """If a worker is killed, perhaps by somebody else, its record is derived by another worker."""
    scripts.add(MANY, n8=DIES_ONCE)
    finished(host)
    assert titles(host) == ["read"] * MANY
    assert len(read_by_workers(scripts)) == MANY


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
def test_records_that_kill_their_workers_cost_no_other_record(scripts, host):
    """However many records kill their workers, the others arrive, and none is derived here."""
    deadly = {f"n{number}": DIES for number in range(0, MANY, 2)}
    scripts.add(MANY, **deadly)
    finished(host)
    assert len(host.records.quarantine()) == MANY / 2
    assert titles(host).count("read") == MANY / 2
    assert len(read_by_workers(scripts)) == MANY


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("while True: pass", "it used more than 1 s of CPU time"),
        ("bytearray(2 << 30)", "MemoryError"),
        ("os._exit(3)", "it ended the process with exit code 3"),
    ],
)
def test_a_record_that_exceeds_a_limit_goes_to_quarantine(scripts, host, script, reason):
    """A record that takes more CPU time than the quota or too much memory, or ends the process,
    goes to quarantine with the reason, and the others arrive.
    """
    host.workspace.policy = replace(host.policy, quotas=Quotas(normalize_cpu_s=1.0))
    scripts.add(3, n1=script)
    finished(host)
    [record] = host.records.quarantine()
    assert record["external_id"] == "1"
    assert reason in str(record)
    assert sorted(titles(host)) == ["listed", "read", "read"]


def test_a_record_that_needs_more_memory_than_the_quota_goes_to_quarantine(scripts, host):
    """The memory of the processes that read foreign files is what the quota of the host says."""
    host.workspace.policy = replace(host.policy, quotas=Quotas(normalize_memory=900 << 20))
    scripts.add(2, n1="bytearray(901 << 20)")
    finished(host)
    [record] = host.records.quarantine()
    assert "MemoryError" in str(record)
    assert sorted(titles(host)) == ["listed", "read"]


def test_a_record_that_waits_forever_goes_to_quarantine(scripts, tmp_path):
    """A record whose plugin waits forever goes to quarantine after the time limit of the plugin,
    and the others arrive.
    """
    scripts.add(3, n1="threading.Event().wait()")
    with scripts.host(tmp_path / "home", plugins=Plugins(time_limit_s=2.0)) as host:
        finished(host)
        [record] = host.records.quarantine()
        assert "it took more than 2 s" in str(record)
        assert sorted(titles(host)) == ["listed", "read", "read"]


@pytest.mark.long
def test_the_bytes_in_progress_are_limited(scripts, host, monkeypatch):
    """If each record reaches the limit of bytes, one job runs at a time, and all are derived."""
    monkeypatch.setattr(pool, "MOST_BYTES_IN_PROGRESS", 1)
    scripts.add(MANY)
    finished(host)
    assert len(read_by_workers(scripts)) == MANY


def test_the_work_ends_with_the_sync_and_the_workers_with_the_host(scripts, host):
    """If the iterator of a sync is closed early, the next sync derives the remaining records; the
    worker processes end when the host is closed.
    """
    scripts.add(MANY)
    events = host.sync()
    for event in events:
        if isinstance(event, PartStored):
            break
    events.close()
    assert 1 <= titles(host).count("read") < MANY
    finished(host)
    assert titles(host) == ["read"] * MANY
    host.close()
    assert workers_left(scripts) == set()


def test_a_worker_that_waits_forever_is_stopped_with_the_sync(scripts, host):
    """Closing the iterator of a sync kills the workers that are still at work for it."""
    scripts.add(2, n0="threading.Event().wait()")
    events = host.sync()
    for event in events:
        if isinstance(event, PartStored):
            break
    events.close()
    host.close()
    assert workers_left(scripts) == set()


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
