"""Tests of files that change, vanish or reappear while they are read, and of a full disk: the next
sync has everything.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fitglue_registry.errors import AthleteNeeded
from fitglue_registry.sync.reading.read_places import Places
from tests.faults.files.conftest import gpx, reasons, synced, zipped

FULL_DISK = """
import errno, shutil

def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")

shutil.copyfileobj = full
"""
SMALL_DATABASE = """
import sqlite3

connect = sqlite3.connect

def small(*arguments, **options):
    db = connect(*arguments, **options)
    db.execute("pragma max_page_count = 1")
    return db

sqlite3.connect = small
"""


def summaries(*days: int) -> bytes:
    """Return a file of Garmin's archive with the summary of one run on each of some days."""
    begin_ms = 1_777_000_000_000
    runs = []
    for day in days:
        start_ms = begin_ms + day * 86_400_000
        run = {"activityId": day, "activityType": "running", "userProfileId": 7}
        runs.append(run | {"beginTimestamp": start_ms, "duration": 1_800_000.0})
    return json.dumps([{"summarizedActivitiesExport": runs}]).encode()


@pytest.fixture
def before_reading(monkeypatch):
    """Return a function that arranges for an action to happen once, after the files are listed and
    before the first one is read.
    """

    def arrange(action):
        read, done = Places.read, []

        def harmed(*arguments):
            if not done:
                done.append(action())
            return read(*arguments)

        monkeypatch.setattr(Places, "read", harmed)

    return arrange


def test_an_archive_that_vanishes_before_it_is_read_is_read_later(
    host, rides, lost, before_reading, reliability
):
    """The workouts of an archive that vanishes after it was listed arrive once the archive is
    back.
    """
    host.connect("files", {"paths": str(rides)})
    away = rides.parent / "away.zip"
    before_reading(lambda: shutil.move(rides / "more.zip", away))
    assert "it is no longer there" in reasons(synced(host))
    assert len(host.activities()) == 1
    shutil.move(away, rides / "more.zip")
    synced(host)
    gone = lost(host, rides)
    assert gone == 0
    reliability(
        "files",
        "an archive vanishes after it was listed",
        lost=gone,
        seen="FG-file-missing; read once the archive is back",
    )


def test_a_file_that_changes_before_it_is_read_is_stored_as_it_is_then(
    host, rides, lost, before_reading, reliability
):
    """A file that changes after it was listed is stored under the id of its new content."""
    host.connect("files", {"paths": str(rides)})
    before = (rides / "a.gpx").read_bytes()
    before_reading(lambda: (rides / "a.gpx").write_bytes(gpx(5)))
    synced(host)
    synced(host)
    assert len(host.activities()) == 3
    (rides / "old.gpx").write_bytes(before)
    synced(host)
    gone = lost(host, rides)
    assert gone == 0
    reliability(
        "files",
        "a file is rewritten after it was listed",
        lost=gone,
        seen="the new content becomes a record, under its own id",
    )


def test_a_row_that_vanishes_before_it_is_read_costs_only_itself(host, tmp_path, before_reading):
    """A sync of a Garmin archive that loses a summary after it was listed names it and the reason,
    stores the others, and has it once it is back.
    """
    path = tmp_path / "garmin.zip"
    name = "DI_CONNECT/DI-Connect-Fitness/ada_0_summarizedActivities.json"
    complete = zipped({name: summaries(1, 2)}, path)
    host.connect("garmin-archive", {"paths": str(path)})
    before_reading(lambda: zipped({name: summaries(1)}, path))
    assert "workout 2 is no longer in the tables of the archive" in reasons(synced(host))
    assert len(host.activities()) == 1
    path.write_bytes(complete)
    synced(host)
    assert len(host.activities()) == 2


def test_a_missing_folder_deletes_nothing(host, rides, lost, reliability):
    """A folder that is missing, such as a disk that is not mounted, deletes no activity."""
    host.connect("files", {"paths": str(rides)})
    synced(host)
    shutil.move(rides, rides.parent / "away")
    assert "FG-folder-missing" in reasons(synced(host))
    assert len(host.activities()) == 3
    shutil.move(rides.parent / "away", rides)
    synced(host)
    gone = lost(host, rides)
    assert gone == 0
    reliability(
        "files",
        "the folder is missing during a sync",
        lost=gone,
        seen="FG-folder-missing, exit 3; nothing is treated as deleted",
    )


def test_an_incomplete_archive_is_read_by_a_later_sync(host, rides, lost, reliability):
    """An archive that is still being downloaded has no index yet and is reported as damaged; a
    later sync reads it.
    """
    whole = zipped({"d.gpx": gpx(3)})
    (rides / "new.zip").write_bytes(whole[: len(whole) // 2])
    host.connect("files", {"paths": str(rides)})
    assert "the zip is cut off before its end" in reasons(synced(host))
    (rides / "new.zip").write_bytes(whole)
    synced(host)
    assert len(host.activities()) == 4
    gone = lost(host, rides)
    assert gone == 0
    reliability(
        "files",
        "an archive is read while it is downloaded",
        lost=gone,
        seen="FG-zip-broken; the next sync reads it",
    )


@pytest.mark.parametrize(
    "harm", ["truncated", "not a database", "a folder in its place", "missing"]
)
def test_a_damaged_cache_of_file_descriptions_costs_only_time(host, rides, lost, harm, reliability):
    """A damaged cache of file descriptions loses nothing, because the files are read again."""
    host.connect("files", {"paths": str(rides)})
    synced(host)
    [file] = Path(host.home).rglob("kinds.sqlite")
    content = file.read_bytes()
    file.unlink()
    if harm == "a folder in its place":
        file.mkdir()
    elif harm != "missing":
        file.write_bytes(content[:5000] if harm == "truncated" else b"none")
    (rides / "d.gpx").write_bytes(gpx(3))
    synced(host)
    assert len(host.activities()) == 4
    gone = lost(host, rides)
    assert gone == 0
    reliability(
        "files",
        f"the cache of file descriptions: {harm}",
        lost=gone,
        seen="nothing: the files are read again",
    )


@pytest.mark.own_workers
@pytest.mark.long
def test_a_full_disk_while_a_nested_zip_is_unpacked_loses_nothing(
    host, rides, lost, tmp_path, monkeypatch, reliability
):
    """If a zip inside a zip cannot be unpacked because the disk is full, its workouts wait for the
    next sync, and the others arrive.
    """
    host.connect("files", {"paths": str(rides)})
    host.workspace.stop_workers()
    with monkeypatch.context() as patch:
        # Python imports this module at the start of each worker process.
        (tmp_path / "site").mkdir()
        (tmp_path / "site" / "sitecustomize.py").write_text(FULL_DISK)
        patch.setenv("PYTHONPATH", str(tmp_path / "site"))
        assert "No space left" in reasons(synced(host))
    assert len(host.activities()) == 2
    host.workspace.stop_workers()
    synced(host)
    gone = lost(host, rides)
    assert gone == 0
    reliability(
        "files",
        "no space to unpack a zip in a zip",
        lost=gone,
        seen="FG-file-unreadable with the reason; the next sync reads it",
    )


@pytest.mark.own_workers
def test_a_full_disk_for_the_cache_of_file_descriptions_loses_nothing(
    host, rides, lost, tmp_path, monkeypatch, reliability
):
    """A sync does not need the cache of file descriptions to be writable."""
    host.connect("files", {"paths": str(rides)})

    host.workspace.stop_workers()
    with monkeypatch.context() as patch:
        (tmp_path / "site").mkdir()
        (tmp_path / "site" / "sitecustomize.py").write_text(SMALL_DATABASE)
        patch.setenv("PYTHONPATH", str(tmp_path / "site"))
        synced(host)
    gone = lost(host, rides)
    assert gone == 0
    reliability(
        "files",
        "no space for the cache of file descriptions",
        lost=gone,
        seen="nothing: the next sync reads the files again",
    )


def test_connecting_to_a_missing_path_stores_nothing(host, tmp_path, reliability):
    """Connecting to a path that does not exist fails with ``FG-folder-missing`` and stores no
    connection.
    """
    with pytest.raises(AthleteNeeded) as caught:
        host.connect("files", {"paths": str(tmp_path / "nowhere")})
    assert caught.value.code == "FG-folder-missing"
    assert host.connections.list() == []
    reliability(
        "files",
        "connecting to a path that does not exist",
        lost=0,
        seen="FG-folder-missing, exit 3, with the path",
    )
