"""What takes long to derive is derived in processes of their own while the sync goes on, and the
store cannot tell.
"""

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
TELLS_AND_WAITS = (
    "open(here.parents[1] / 'pipe', 'w').write('at work\\n')\nthreading.Event().wait()"
)


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    """A folder of scripts whose plugin is installed."""
    site = install(tmp_path / "site")
    monkeypatch.syspath_prepend(site)
    yield Scripts(tmp_path / "scripts", site)
    sys.modules.pop("fg_slow", None)


@pytest.fixture
def host(scripts, tmp_path):
    with scripts.host(tmp_path / "home") as host:
        yield host


def elsewhere(scripts) -> set[str]:
    """What was read by other processes than this one."""
    return {name for name, pids in scripts.readers().items() if os.getpid() not in pids}


def titles(host) -> list[str]:
    """The titles of all activities."""
    return [one["title"] for one in host.activities()]


def test_many_heavy_parts_are_derived_in_other_processes(scripts, host):
    """On every core, newest first, and what they make is stored as if it had been made here."""
    scripts.add(MANY)
    events = list(host.sync())
    stored = [event.external_id for event in events if isinstance(event, PartStored)]
    assert stored == sorted(stored, key=int, reverse=True)
    assert len(elsewhere(scripts)) == MANY
    assert titles(host) == ["read"] * MANY


def test_a_few_are_derived_here(scripts, host):
    """A process takes longer to begin than they take."""
    scripts.add(workers._MIN_HEAVY_RECORDS - 1)
    finished(host)
    assert elsewhere(scripts) == set()


@pytest.mark.long
def test_the_store_is_the_same_as_without_processes(scripts, host, tmp_path, monkeypatch):
    """By all that a store says: a refusal and an error of the plugin's code among it, with its
    place.
    """
    scripts.add(MANY, n3="raise RecordRefused('FG-script-odd', 'three')", n4="1 / 0")
    finished(host)
    monkeypatch.setattr(workers, "_MIN_HEAVY_RECORDS", MANY + 1)
    with scripts.host(tmp_path / "other") as other:
        finished(other)
        assert natural(other) == natural(host)
        assert [one["what"] for one in other.records.quarantine()] == [
            one["what"] for one in host.records.quarantine()
        ]
    assert "ZeroDivisionError" in str(host.records.quarantine())


@pytest.mark.long
def test_on_postgresql_it_is_the_same(scripts, host, tmp_path, postgres_url):
    """Workers never see the database."""
    scripts.add(MANY)
    finished(host)
    with scripts.host(tmp_path / "other", database=postgres_url) as other:
        finished(other)
        assert natural(other) == natural(host)


def test_a_worker_that_is_killed_costs_time_and_nothing_else(scripts, host, caplog):
    """Whoever killed it: what it was at is read again by others, and one line of the log says
    so.
    """
    scripts.add(MANY, n8=DIES_ONCE)
    with caplog.at_level(logging.WARNING):
        finished(host)
    assert titles(host) == ["read"] * MANY
    assert len(elsewhere(scripts)) == MANY
    assert [
        record.levelname for record in caplog.records if "ended unexpectedly" in record.message
    ] == ["WARNING"]


@pytest.mark.long
def test_a_record_that_kills_its_worker_again_is_set_aside_and_the_rest_goes_on(scripts, host):
    """It is kept, with the plugin named; this process is never put to that risk."""
    scripts.add(MANY, n8=DIES)
    finished(host)
    assert [(one["external_id"], one["code"]) for one in host.records.quarantine()] == [
        ("8", "FG-plugin-died")
    ]
    assert sorted(titles(host)) == ["listed"] + ["read"] * (MANY - 1)
    assert len(elsewhere(scripts)) == MANY


@pytest.mark.long
def test_where_workers_die_again_and_again_it_is_done_without(scripts, host, monkeypatch):
    """Something on this machine will have none of them: slower is better than never."""
    monkeypatch.setattr(pool, "_MAX_STARTS", 1)
    monkeypatch.setattr(pool, "_JOBS_PER_CORE", 1)
    count = MANY + loky.cpu_count()  # more than can be under way when the newest kills its worker
    newest = f"(here.parent / '{count - 1}')"
    is_worker = f"os.getpid() != {os.getpid()}"
    is_read_once = f"(not {newest}.exists() or len({newest}.read_text().split()) == 1)"
    # With the newest, and never again once that is read again.
    waits = f"if {is_worker} and {is_read_once}: threading.Event().wait()"
    scripts.add(count, waits, **{f"n{count - 1}": DIES_ONCE})
    finished(host)
    assert titles(host) == ["read"] * count
    assert scripts.readers()["0"] == [os.getpid()]


@pytest.mark.long
def test_a_plugin_that_blocks_in_a_worker_is_named_and_stops_its_connection(scripts, tmp_path):
    """In the time that this host has patience for; what came before it is stored, and its process
    does not outlive the sync.
    """
    scripts.add(MANY, n8="threading.Event().wait()")
    with scripts.host(tmp_path / "home", plugins=Plugins(time_limit_s=1.0)) as host:
        assert stopped(host).code == "FG-plugin-blocked"
        assert titles(host).count("read") == MANY - 9
    assert os.getpid() not in scripts.readers()["8"]
    assert workers_left(scripts) == set()


@pytest.mark.long
def test_what_is_in_flight_is_bounded_in_bytes(scripts, host, monkeypatch):
    """One job at a time where each is as large as all may be, and every one is done."""
    monkeypatch.setattr(pool, "_MAX_BYTES", 1)
    scripts.add(MANY)
    finished(host)
    assert len(elsewhere(scripts)) == MANY


def test_the_workers_end_with_the_sync(scripts, host):
    """Also with one that nobody wants the rest of."""
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
    """The processes that read scripts for this one and are still there."""
    pids = {pid for pids in scripts.readers().values() for pid in pids}
    return {pid for pid in pids - {os.getpid()} if psutil.pid_exists(pid)}


@pytest.fixture
def at_work(scripts, tmp_path):
    """The command, whose workers wait for ever; it has begun with them."""
    scripts.add(MANY, TELLS_AND_WAITS)
    os.mkfifo(scripts.folder / "pipe")
    with scripts.command(tmp_path / "home", "connect", "slow", str(scripts.folder)) as connecting:
        assert connecting.wait(60) == 0, connecting.stderr.read()
    with scripts.command(tmp_path / "home", "sync") as command:
        assert (scripts.folder / "pipe").read_text().startswith("at work")
        everybody = [
            psutil.Process(command.pid),
            *psutil.Process(command.pid).children(recursive=True),
        ]
        yield command, everybody
        for process in everybody:
            if process.is_running():
                process.kill()


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)]
)
def test_a_signal_to_the_whole_group_ends_all_of_it(at_work, number):
    """As Ctrl-C in a terminal and a service manager do: no worker is left, and none says a word."""
    command, everybody = at_work
    os.killpg(command.pid, number)
    assert command.wait(20) == 130
    assert psutil.wait_procs(everybody, timeout=20)[1] == []
    assert "Traceback" not in command.stderr.read()


@pytest.mark.long
def test_a_killed_sync_leaves_no_worker_behind_and_is_made_good(at_work, scripts, host, tmp_path):
    """SIGKILL while workers are at it; the next sync makes the store that one which was never
    killed has.
    """
    command, everybody = at_work
    command.kill()
    assert psutil.wait_procs(everybody, timeout=20)[1] == []
    scripts.add(MANY)
    finished(host)
    with scripts.host(tmp_path / "home") as again:
        finished(again)
        assert titles(again) == ["read"] * MANY


@pytest.mark.long
def test_what_is_derived_again_is_derived_there_too(scripts, host):
    """By a rebuild, by a sync that lists other summaries, by another try of what was in
    quarantine.
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
        assert len(elsewhere(scripts)) == MANY
    scripts.forget_readers()
    (scripts.folder / "note").write_text("changed")
    assert finished(host)["changed"] == MANY
    assert len(elsewhere(scripts)) == MANY
    assert titles(host) == ["read"] * MANY
