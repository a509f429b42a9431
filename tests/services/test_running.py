"""A sync that is running: other processes see it, and a killed one is not taken for it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from fitglue_registry import Host, Policy
from fitglue_registry.errors import Busy
from fitglue_registry.store.connections import update_connection
from fitglue_registry.sync.lock import Work, lock_for
from tests.sync.builders import finished

SINCE = "2026-11-21T12:00:00.000Z"


def held(host, kind="sync"):
    """Hold the lock of the only connection, as a sync of another process does."""
    [connected] = host.connections.list()
    work = Work(connected.id, connected.name, SINCE, kind)
    return lock_for(host.workspace.database, host.home, work)


def running(host):
    [status] = host.overview().connections
    return status.running


def test_a_sync_that_is_running_is_seen_with_its_beginning_and_its_process(connected):
    """While a sync holds the lock of a connection, its status says since when and who."""
    with held(connected):
        work = running(connected)
    assert (work.kind, work.since) == ("sync", SINCE)
    assert work.by.startswith("process ")
    assert running(connected) is None


def test_a_rebuild_is_not_called_a_sync(connected):
    """The status says what kind of work is running."""
    with held(connected, "rebuild"):
        assert running(connected).kind == "rebuild"


def test_on_postgresql_the_session_that_holds_the_lock_is_seen(postgres_url, connected_to):
    """On PostgreSQL, the same is known of the session of another host."""
    host = connected_to(postgres_url)
    before = datetime.now(UTC)
    with held(host, "rebuild"):
        work = running(host)
    assert work.kind == "rebuild"
    assert abs(datetime.fromisoformat(work.since) - before).total_seconds() < 60
    assert work.by.startswith("database session ")
    assert running(host) is None


@pytest.fixture
def connected_to(tmp_path, server):
    hosts = []

    def connect(url):
        host = Host(tmp_path / "other", url, policy=Policy.personal())
        hosts.append(host)
        host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        return host

    yield connect
    for host in hosts:
        host.close()


_HOLDER = """
import sys, time
from fitglue_registry import Host, Policy
from fitglue_registry.sync.lock import connection_lock

with Host(sys.argv[1], policy=Policy.personal()) as host:
    [one] = host.connections.list()
    with connection_lock(host.workspace.database, host.home, one.id, one.name, sys.argv[2]):
        print("held", flush=True)
        sys.stdin.read()
"""


def test_a_sync_that_was_killed_is_not_running(connected):
    """After a kill, no sync is said to be running, although the killed one described itself."""
    command = [sys.executable, "-c", _HOLDER, str(connected.home), SINCE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        assert running(connected).by.startswith(f"process {process.pid} ")
        process.kill()
    [description] = (connected.home / "locks").glob("*.json")
    assert json.loads(description.read_text())["pid"] == process.pid
    assert running(connected) is None
    assert not description.exists()


def test_looking_never_makes_a_sync_fail(connected):
    """A look at what a killed sync left behind does not lock out a sync that begins."""
    [one] = connected.connections.list()
    (connected.home / "locks").mkdir(exist_ok=True)
    leftover = connected.home / "locks" / f"{one.id}.json"
    leftover.write_text(json.dumps({"pid": 1, "host": "gone", "since": SINCE}))
    assert running(connected) is None
    finished(connected)


def test_half_of_a_description_is_not_taken_for_a_sync(connected):
    """A description that a crash has cut off says nothing."""
    [one] = connected.connections.list()
    (connected.home / "locks").mkdir(exist_ok=True)
    (connected.home / "locks" / f"{one.id}.json").write_text('{"pid": 1')
    assert running(connected) is None


def test_the_next_command_does_not_start_a_second_sync(connected):
    """While the first sync is running, the dashboard does not propose another one."""
    with held(connected):
        assert connected.overview().next == "fitglue"
        with pytest.raises(Busy):
            list(connected.sync("intervals"))
    assert connected.overview().next == "fitglue sync"


def test_an_error_that_is_being_tried_again_is_not_reported(connected, server):
    """While a sync is running, the error that stopped the one before it needs nobody."""
    server.revoke_key()
    [connection] = connected.connections.list()
    with connected.workspace.database.write() as db:
        update_connection(db, connection.id, state_error='{"what": "it is down"}')
    assert [need["what"] for need in connected.overview().needs] == ["intervals: it is down"]
    with held(connected):
        assert connected.overview().needs == []


@pytest.mark.parametrize("fix", ["run the command again later", "free space, then run the command"])
def test_what_to_do_after_a_sync_that_stopped_names_the_command(connected, fix):
    """On the dashboard, nobody knows which command "the command" is."""
    [connection] = connected.connections.list()
    with connected.workspace.database.write() as db:
        error = json.dumps({"what": "it is down", "fix": fix})
        update_connection(db, connection.id, state_error=error)
    [need] = connected.overview().needs
    assert need["fix"] == fix.replace("run the command", "run `fitglue sync intervals`")
