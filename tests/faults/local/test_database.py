"""Tests of a database that is damaged or locked: the command names the problem and the fix, and
nothing is lost afterwards.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fitglue_registry import Host, Policy
from fitglue_registry.store import sqlite as module
from tests.faults.local.conftest import after_the_fault, complete, lost, store_of
from tests.sync.builders import finished

PAGE = 4096
BACK = "`backup restore --replace` restores it"


@pytest.fixture
def backup(synced, tmp_path):
    """Return a backup from before the damage."""
    with Host(synced, policy=Policy.personal()) as host:
        return host.backups.make(tmp_path / "b.zip").path


def overwrite(file, start, content):
    """Overwrite bytes of a file."""
    with file.open("r+b") as stream:
        stream.seek(start)
        stream.write(content)


def damage_every_leaf(file):
    """Overwrite the first bytes of every page except the first two."""
    for page in range(2, file.stat().st_size // PAGE):
        overwrite(file, page * PAGE, b"\xde\xad\xbe\xef" * 4)


DAMAGES = {
    "a database with a damaged header": lambda file: overwrite(file, 0, b"\0" * 100),
    "a database with damaged pages": damage_every_leaf,
    "a database truncated in the middle": lambda file: file.write_bytes(
        file.read_bytes()[: file.stat().st_size // 2]
    ),
    "a database truncated to zero bytes": lambda file: file.write_bytes(b""),
    "another file in place of the database": lambda file: file.write_bytes(
        b"a letter to my aunt\n" * 400
    ),
}


EVERYDAY = ("a database with damaged pages", "a database truncated to zero bytes")


@pytest.mark.parametrize(
    "fault",
    [
        fault if fault in EVERYDAY else pytest.param(fault, marks=pytest.mark.long)
        for fault in DAMAGES
    ],
)
def test_a_damaged_database_is_named_and_restored(
    synced, backup, homes, fitglue, fault, reliability
):
    """Every command that reads a damaged database ends with exit code 7, names the restore as the
    fix and changes nothing, and a restore and a sync restore everything.
    """
    file = synced / "fitglue.db"
    DAMAGES[fault](file)
    damaged = file.read_bytes()
    for command in (["sync"], ["rebuild"], ["activities"]):
        result = fitglue(*command, "--json")
        assert (result.code, result.error["code"]) == (7, "FG-store-damaged"), result
        assert complete(result.error)
        assert "fitglue backup restore" in result.error["fix"]
    assert file.stat().st_size == len(damaged)
    result = fitglue("doctor", "--offline", "--deep", "--json")
    assert result.code == 7
    assert "FG-store-damaged" in result.out
    assert fitglue("backup", "restore", backup, "--replace").code == 0
    gone = after_the_fault(synced, homes)
    assert gone == 0
    reliability("local", fault, times=3, lost=gone, seen=f"FG-store-damaged, exit 7; {BACK}")


@pytest.mark.long
def test_a_damaged_page_is_found(synced, backup, homes, fitglue, reliability):
    """If a page of the database is overwritten with random bytes, ``doctor --deep=all`` finds it,
    unless the page is unused.
    """
    file = synced / "fitglue.db"
    with closing(sqlite3.connect(file)) as connection:
        free = connection.execute("PRAGMA freelist_count").fetchone()[0]
    intact, noise = file.read_bytes(), random.Random(7)
    missed = []
    pages = range(0, len(intact) // PAGE, 3)
    for page in pages:
        overwrite(file, page * PAGE, noise.randbytes(PAGE))
        if fitglue("doctor", "--offline", "--deep=all", "--json").code != 7:
            missed.append(page)
        for log in synced.glob("fitglue.db-*"):
            log.unlink()
        file.write_bytes(intact)
    assert len(missed) <= free, missed
    assert fitglue("backup", "restore", backup, "--replace").code == 0
    gone = after_the_fault(synced, homes)
    assert gone == 0
    reliability(
        "local",
        "random bytes in one page of the database",
        times=len(pages),
        lost=gone,
        seen=f"`doctor --deep=all`: exit 7; {BACK}",
    )


def test_the_empty_file_of_a_first_start_that_was_killed_is_not_damage(tmp_path, homes, fitglue):
    """The empty file that a killed first start leaves is not reported as damaged, and the store is
    created in it.
    """
    home = tmp_path / "home"
    home.mkdir()
    (home / "fitglue.db").touch()
    assert fitglue("connections").code == 0


def open_log(homes, home):
    """Copy a home during a sync, so that the write-ahead log is not yet checkpointed into the
    database, and without the lock of the sync.
    """
    shutil.copytree(homes.connected, home.with_name("live"))
    with (
        Host(home.with_name("live"), policy=Policy.personal()) as host,
        host.workspace.database.read(),
    ):
        finished(host, files=True)
        shutil.copytree(home.with_name("live"), home)
    assert (home / "fitglue.db-wal").stat().st_size > PAGE


@pytest.mark.long
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_log_that_is_truncated_loses_only_its_end(homes, tmp_path, share, reliability):
    """A truncated write-ahead log loses only the last records, which the next sync fetches
    again.
    """
    home = tmp_path / "home"
    open_log(homes, home)
    log = home / "fitglue.db-wal"
    log.write_bytes(log.read_bytes()[: int(log.stat().st_size * share)])
    (home / "fitglue.db-shm").unlink()
    gone = after_the_fault(home, homes)
    assert gone == 0
    reliability(
        "local",
        "a truncated write-ahead log",
        lost=gone,
        seen="nothing: the next sync fetches the last records again",
    )


@pytest.mark.long
def test_a_log_with_random_bytes_loses_only_what_follows(homes, tmp_path, reliability):
    """Random bytes in the write-ahead log lose only the frames from the first damaged one on,
    because SQLite verifies a checksum of each.
    """
    home = tmp_path / "home"
    open_log(homes, home)
    overwrite(
        home / "fitglue.db-wal", (home / "fitglue.db-wal").stat().st_size // 2, b"noise" * 300
    )
    (home / "fitglue.db-shm").unlink()
    gone = after_the_fault(home, homes)
    assert gone == 0
    reliability(
        "local",
        "a write-ahead log with random bytes in it",
        lost=gone,
        seen="nothing: the next sync fetches the last records again",
    )


@pytest.mark.parametrize(
    "lock", [pytest.param("BEGIN IMMEDIATE", marks=pytest.mark.long), "BEGIN EXCLUSIVE"]
)
def test_a_locked_database_stops_the_sync(
    connected, homes, fitglue, monkeypatch, lock, reliability
):
    """If another program locks the database, a sync waits and then reports the lock, and the next
    sync is complete.
    """
    monkeypatch.setattr(module, "_BUSY_MS", 60)
    other = sqlite3.connect(connected / "fitglue.db", isolation_level=None)
    other.execute(lock)
    result = fitglue("sync", "--files", "--json")
    other.execute("ROLLBACK")
    other.close()
    assert (result.code, result.error["code"]) == (7, "FG-store-locked")
    assert complete(result.error)
    gone = after_the_fault(connected, homes)
    assert gone == 0
    reliability(
        "local",
        "the database is locked by another program",
        lost=gone,
        seen="FG-store-locked, exit 7; the next sync is complete",
    )


@pytest.mark.long
def test_a_database_that_is_locked_during_a_sync_stops_it(
    connected, homes, monkeypatch, reliability
):
    """If another program locks the database during a sync, what was stored stays, and the next sync
    continues.
    """
    monkeypatch.setattr(module, "_BUSY_MS", 60)
    with Host(connected, policy=Policy.personal()) as host:
        events = host.sync()
        for _ in range(8):
            next(events)
        other = sqlite3.connect(connected / "fitglue.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Exception, match="FG-store-locked"):
            list(events)
        other.close()
    gone = after_the_fault(connected, homes)
    assert gone == 0
    reliability(
        "local",
        "the database is locked by another program",
        lost=gone,
        seen="FG-store-locked, exit 7; the next sync is complete",
    )


def test_an_empty_file_beside_files_of_a_store_is_not_changed(synced, fitglue):
    """An empty database file among the files of a store is reported and stays empty, so that its
    cause can be found; a missing database file is created.
    """
    file = Path(synced / "fitglue.db")
    file.write_bytes(b"")
    assert fitglue("sync", "--json").code == 7
    assert file.stat().st_size == 0
    file.unlink()
    assert fitglue("activities").code == 0
    assert lost(store_of(synced), store_of(synced)) == 0
