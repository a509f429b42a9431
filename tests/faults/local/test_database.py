"""Tests of a database that is damaged or locked by another program: it is reported, and afterwards
the store is complete.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fitglue_registry import Host
from fitglue_registry.store import sqlite as module
from tests.faults.local.conftest import after_the_fault, complete, lost, store_of
from tests.sync.builders import finished

PAGE = 4096
BACK = "`backup restore --replace` brings it back"


@pytest.fixture
def backup(synced, tmp_path):
    """Return a backup from before the damage."""
    with Host(synced) as host:
        return host.backups.make(tmp_path / "b.zip").path


def overwrite(file, start, content):
    with file.open("r+b") as stream:
        stream.seek(start)
        stream.write(content)


def damage_every_leaf(file):
    """Overwrite the headers of all pages except the first few."""
    for page in range(2, file.stat().st_size // PAGE):
        overwrite(file, page * PAGE, b"\xde\xad\xbe\xef" * 4)


DAMAGES = {
    "a database with a damaged header": lambda file: overwrite(file, 0, b"\0" * 100),
    "a database with damaged pages": damage_every_leaf,
    "a database cut off in the middle": lambda file: file.write_bytes(
        file.read_bytes()[: file.stat().st_size // 2]
    ),
    "a database cut off to nothing": lambda file: file.write_bytes(b""),
    "another file in place of the database": lambda file: file.write_bytes(
        b"a letter to my aunt\n" * 400
    ),
}


EVERYDAY = ("a database with damaged pages", "a database cut off to nothing")


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
    """Each command that reads a damaged database ends with 7, names the restore command, and
    changes nothing; a restore and a sync repair it.
    """
    file = synced / "fitglue.db"
    DAMAGES[fault](file)
    damaged = file.read_bytes()
    for command in (["sync"], ["rebuild"], ["activities"]):
        said = fitglue(*command, "--json")
        assert (said.code, said.error["code"]) == (7, "FG-store-damaged"), said
        assert complete(said.error)
        assert "fitglue backup restore" in said.error["fix"]
    assert file.stat().st_size == len(damaged)
    said = fitglue("doctor", "--offline", "--deep", "--json")
    assert said.code == 7
    assert "FG-store-damaged" in said.out
    assert fitglue("backup", "restore", backup, "--replace").code == 0
    gone = after_the_fault(synced, homes)
    assert gone == 0
    reliability("local", fault, times=3, lost=gone, seen=f"FG-store-damaged, exit 7; {BACK}")


@pytest.mark.long
def test_any_page_that_is_damaged_is_found(synced, backup, homes, fitglue, reliability):
    """``doctor --deep=all`` finds a page that is filled with noise, unless nothing was stored in
    it.
    """
    file = synced / "fitglue.db"
    with closing(sqlite3.connect(file)) as connection:
        free = connection.execute("PRAGMA freelist_count").fetchone()[0]
    whole, noise = file.read_bytes(), random.Random(7)
    missed = []
    pages = range(0, len(whole) // PAGE, 3)
    for page in pages:
        overwrite(file, page * PAGE, noise.randbytes(PAGE))
        if fitglue("doctor", "--offline", "--deep=all", "--json").code != 7:
            missed.append(page)
        for log in synced.glob("fitglue.db-*"):
            log.unlink()
        file.write_bytes(whole)
    assert len(missed) <= free, missed
    assert fitglue("backup", "restore", backup, "--replace").code == 0
    gone = after_the_fault(synced, homes)
    assert gone == 0
    reliability(
        "local",
        "noise in one page of the database",
        times=len(pages),
        lost=gone,
        seen=f"`doctor --deep=all`: exit 7; {BACK}",
    )


def test_the_empty_file_of_a_first_start_that_was_killed_is_no_damage(tmp_path, homes, fitglue):
    """An empty file in a home without a store is not taken for damage: SQLite creates one first,
    and the process may be killed then.
    """
    home = tmp_path / "home"
    home.mkdir()
    (home / "fitglue.db").touch()
    assert fitglue("connections").code == 0


def open_log(homes, home):
    """Copy a home in the middle of a sync, with a log that is not yet written into the database,
    and without the lock of the sync.
    """
    shutil.copytree(homes.connected, home.with_name("live"))
    with Host(home.with_name("live")) as host, host.workspace.database.read():
        finished(host, files=True)
        shutil.copytree(home.with_name("live"), home)
    assert (home / "fitglue.db-wal").stat().st_size > PAGE


@pytest.mark.long
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_log_that_is_cut_off_loses_only_its_end(homes, tmp_path, share, reliability):
    """If the write-ahead log is truncated, only its last commits are lost, and the next sync
    fetches what they contained.
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
        "a write-ahead log that is cut off",
        lost=gone,
        seen="nothing: the next sync fetches again what was written last",
    )


@pytest.mark.long
def test_a_log_with_noise_loses_only_what_follows(homes, tmp_path, reliability):
    """If the write-ahead log contains noise, its checksums keep everything from there on from being
    applied.
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
        "a write-ahead log with noise in it",
        lost=gone,
        seen="nothing: the next sync fetches again what was written last",
    )


@pytest.mark.parametrize(
    "lock", [pytest.param("BEGIN IMMEDIATE", marks=pytest.mark.long), "BEGIN EXCLUSIVE"]
)
def test_a_database_that_another_program_holds(
    connected, homes, fitglue, monkeypatch, lock, reliability
):
    """A sync waits for a database that another program has locked, and then reports it; once it is
    unlocked, the next sync is complete.
    """
    monkeypatch.setattr(module, "_BUSY_MS", 60)
    other = sqlite3.connect(connected / "fitglue.db", isolation_level=None)
    other.execute(lock)
    said = fitglue("sync", "--files", "--json")
    other.execute("ROLLBACK")
    other.close()
    assert (said.code, said.error["code"]) == (7, "FG-store-locked")
    assert complete(said.error)
    gone = after_the_fault(connected, homes)
    assert gone == 0
    reliability(
        "local",
        "the database is held by another program",
        lost=gone,
        seen="FG-store-locked, exit 7; the next sync is complete",
    )


@pytest.mark.long
def test_a_database_that_another_program_takes_in_the_middle_of_a_sync(
    connected, homes, monkeypatch, reliability
):
    """If another program locks the database between two records, what was stored stays, and the
    next sync continues.
    """
    monkeypatch.setattr(module, "_BUSY_MS", 60)
    with Host(connected) as host:
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
        "the database is held by another program",
        lost=gone,
        seen="FG-store-locked, exit 7; the next sync is complete",
    )


def test_an_empty_file_beside_files_of_a_store_is_left_as_it_is(synced, fitglue):
    """An empty database file beside other files of a store is not changed, so that the cause can be
    found; a missing file counts as removed on purpose.
    """
    file = Path(synced / "fitglue.db")
    file.write_bytes(b"")
    assert fitglue("sync", "--json").code == 7
    assert file.stat().st_size == 0
    file.unlink()
    assert fitglue("activities").code == 0
    assert lost(store_of(synced), store_of(synced)) == 0
