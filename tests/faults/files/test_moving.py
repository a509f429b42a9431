"""Files that change, vanish or come back while they are read, and a machine that has no room: the
next sync has everything.
"""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

from fitglue_files import description_cache, plugin, zips
from fitglue_registry.errors import AthleteNeeded
from tests.faults.files.conftest import gpx, synced, told, zipped


@pytest.fixture
def before_fetch(monkeypatch):
    """Does something once, between the list and the first fetch of a sync."""

    def arrange(harm):
        fetch, done = plugin.fetch, []

        def harmed(*arguments):
            if not done:
                done.append(harm())
            return fetch(*arguments)

        monkeypatch.setattr(plugin, "fetch", harmed)

    return arrange


def test_an_archive_that_vanishes_between_list_and_fetch(
    host, rides, lost, before_fetch, reliability
):
    """Its workouts stand by what was seen of them; their samples come with the archive."""
    host.connect("files", {"paths": str(rides)})
    away = rides.parent / "away.zip"
    before_fetch(lambda: shutil.move(rides / "more.zip", away))
    assert "no file with this content" in told(synced(host))
    assert len(host.activities()) == 3
    shutil.move(away, rides / "more.zip")
    synced(host)
    gone = lost(host, rides)
    assert gone == 0
    reliability(
        "files",
        "an archive vanishes between list and fetch",
        lost=gone,
        seen="FG-file-missing; asked for again once it is back",
    )


def test_a_file_that_changes_between_list_and_fetch(host, rides, lost, before_fetch, reliability):
    """It is never stored under the id of the old content."""
    host.connect("files", {"paths": str(rides)})
    before = (rides / "a.gpx").read_bytes()
    before_fetch(lambda: (rides / "a.gpx").write_bytes(gpx(5)))
    synced(host)
    synced(host)
    assert len(host.activities()) == 4
    (rides / "old.gpx").write_bytes(before)
    synced(host)
    gone = lost(host, rides)
    assert gone == 0
    reliability(
        "files",
        "a file is written anew between list and fetch",
        lost=gone,
        seen="the old content waits (FG-file-missing), the new one is a record of its own",
    )


def test_a_folder_that_is_away_and_comes_back(host, rides, lost, reliability):
    """A disk that is not mounted is no deletion."""
    host.connect("files", {"paths": str(rides)})
    synced(host)
    shutil.move(rides, rides.parent / "away")
    assert "FG-folder-missing" in told(synced(host))
    assert len(host.activities()) == 3
    shutil.move(rides.parent / "away", rides)
    synced(host)
    gone = lost(host, rides)
    assert gone == 0
    reliability(
        "files",
        "the folder is away during a sync",
        lost=gone,
        seen="FG-folder-missing, exit 3; nothing is taken for deleted",
    )


def test_an_archive_that_is_still_being_downloaded(host, rides, lost, reliability):
    """What is there of it has no index yet."""
    whole = zipped({"d.gpx": gpx(3)})
    (rides / "new.zip").write_bytes(whole[: len(whole) // 2])
    host.connect("files", {"paths": str(rides)})
    assert "it has no index" in told(synced(host))
    (rides / "new.zip").write_bytes(whole)
    synced(host)
    assert len(host.activities()) == 4
    gone = lost(host, rides)
    assert gone == 0
    reliability(
        "files",
        "an archive is read while it is downloaded",
        lost=gone,
        seen="FG-zip-broken; the next sync has it",
    )


@pytest.mark.parametrize("harm", ["cut", "no database", "a folder in its place", "gone"])
def test_notes_that_are_damaged(host, rides, lost, harm, reliability):
    """They save time and hold nothing."""
    host.connect("files", {"paths": str(rides)})
    synced(host)
    [file] = Path(host.home).rglob("seen.sqlite")
    content = file.read_bytes()
    file.unlink()
    if harm == "a folder in its place":
        file.mkdir()
    elif harm != "gone":
        file.write_bytes(content[:5000] if harm == "cut" else b"none")
    (rides / "d.gpx").write_bytes(gpx(3))
    synced(host)
    assert len(host.activities()) == 4
    gone = lost(host, rides)
    assert gone == 0
    reliability(
        "files",
        f"the notes on files that were seen: {harm}",
        lost=gone,
        seen="nothing; the files are looked at again",
    )


def test_a_disk_without_room_for_a_zip_in_a_zip(host, rides, lost, monkeypatch, reliability):
    """The temporary file cannot be written: that part waits, the others arrive."""
    host.connect("files", {"paths": str(rides)})
    zips._spools.clear()
    with monkeypatch.context() as patch:
        patch.setattr(zips.shutil, "copyfileobj", _full)
        assert "No space left" in told(synced(host))
    assert len(host.activities()) == 2
    synced(host)
    gone = lost(host, rides)
    assert gone == 0
    reliability(
        "files",
        "no room to unpack a zip in a zip",
        lost=gone,
        seen="FG-file-unreadable with the reason; the next sync has it",
    )


def _full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_reader_that_runs_out_of_room_for_its_notes(host, rides, lost, monkeypatch, reliability):
    """Looking goes on without."""
    host.connect("files", {"paths": str(rides)})

    connect = description_cache.sqlite3.connect

    def small(*arguments, **options):
        db = connect(*arguments, **options)
        db.execute("pragma max_page_count = 1")
        return db

    with monkeypatch.context() as patch:
        patch.setattr(description_cache.sqlite3, "connect", small)
        synced(host)
    gone = lost(host, rides)
    assert gone == 0
    reliability(
        "files",
        "no room for the notes on files that were seen",
        lost=gone,
        seen="nothing; the next sync looks again",
    )


def test_connecting_to_what_is_not_there(host, tmp_path, reliability):
    """Nothing is stored."""
    with pytest.raises(AthleteNeeded) as caught:
        host.connect("files", {"paths": str(tmp_path / "nowhere")})
    assert caught.value.code == "FG-folder-missing"
    assert host.connections.list() == []
    reliability(
        "files",
        "connecting to a path that is not there",
        lost=0,
        seen="FG-folder-missing, exit 3, with the path",
    )
