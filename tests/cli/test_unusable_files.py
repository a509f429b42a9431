"""Files that cannot be used, as the athlete sees them: named with the reason and the next step."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from contextlib import closing

import pytest

GPX = (
    b'<gpx xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>'
    b'<trkpt lat="46" lon="7"><time>2026-05-01T07:00:00Z</time></trkpt>'
    b'<trkpt lat="46.01" lon="7"><time>2026-05-01T07:10:00Z</time></trkpt>'
    b"</trkseg></trk></gpx>"
)
DAMAGED = b"<gpx><trk>"
# In two pieces, because the repository holds nothing that looks like a secret.
PRIVATE_KEY = b"-----BEGIN OPENSSH " + b"PRIVATE KEY-----\nSECRET\n"
PICTURE = b"\xff\xd8\xff\xe0JFIF"


@pytest.fixture
def rides(tmp_path):
    """Return a folder with one ride."""
    folder = tmp_path / "rides"
    folder.mkdir()
    (folder / "good.gpx").write_bytes(GPX)
    return folder


@pytest.mark.parametrize("content", [PRIVATE_KEY, PICTURE], ids=["a private key", "a picture"])
def test_nothing_is_kept_of_a_file_that_is_not_a_workout(fitglue, rides, tmp_path, content):
    """A file that is not a workout is named by the import and by the next sync, is not counted as
    new, and leaves no bytes in the store.
    """
    (rides / "ride.fit").write_bytes(content)
    first = fitglue("import", str(rides), "--yes")
    again = fitglue("sync")
    assert "files: 1 new, 1 could not be read" in first.out
    assert "files: nothing new, 1 could not be read" in again.out
    for result in (first, again):
        assert (result.code, f"{rides / 'ride.fit'} cannot be used" in result.out) == (5, True)
        assert "fetch" not in result.out + result.err
    kept = [path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert not any(content in stored for stored in kept)


def test_all_unusable_files_are_listed_and_explained(fitglue, rides):
    """`quarantine` lists every file that cannot be used, beyond the first five that an import
    prints, and `why` explains each by its id, its name and its path.
    """
    for number in range(7):
        (rides / f"{number}.fit").write_bytes(PICTURE)
    out = fitglue("import", str(rides), "--yes").out
    assert ("and 2 more" in out, "to see all: fitglue quarantine" in out) == (True, True)
    listed = fitglue("quarantine", "--json").lines
    assert [row["paths"] for row in listed] == [[f"{number}.fit"] for number in range(7)]
    assert "JPEG" in fitglue("quarantine").out
    printed = listed[0]["external_id"]
    for reference in (printed, "6.fit", str(rides / "6.fit"), f"files/{printed}"):
        story = fitglue("why", reference)
        assert (story.code, "it is a JPEG picture" in story.out) == (0, True)
    assert "it is a JPEG picture" in fitglue("quarantine", "show", "6.fit").out
    assert "7 could not be read" in fitglue("doctor", "--offline").out


def test_a_removed_file_is_no_longer_listed(fitglue, rides):
    """An unusable file that was removed is forgotten by the next sync."""
    (rides / "x.fit").write_bytes(PICTURE)
    fitglue("import", str(rides), "--yes")
    (rides / "x.fit").unlink()
    assert fitglue("sync").code == 0
    assert fitglue("quarantine", "--json").lines == []
    assert fitglue("why", "x.fit").code == 2


def test_a_damaged_file_is_named_by_its_path_in_the_archive(fitglue, rides):
    """Every message about a damaged file has its path below the folder, with the archives, and the
    number of its copies.
    """
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as part:
        part.writestr("c.gpx", DAMAGED)
    with zipfile.ZipFile(rides / "more.zip", "w") as more:
        more.writestr("part.zip", inner.getvalue())
    (rides / "sub").mkdir()
    (rides / "sub" / "d.gpx").write_bytes(DAMAGED)
    named = "more.zip > part.zip > c.gpx and 1 more"
    assert f"{named}: the file cannot be used" in fitglue("import", str(rides), "--yes").out
    assert f"{named}: the file cannot be used" in " ".join(fitglue("quarantine").out.split())
    for name in ("c.gpx", "sub/d.gpx"):
        assert named in fitglue("quarantine", "show", name).out
        assert named in fitglue("why", name).out


@pytest.mark.parametrize("copies", [1, 3])
def test_copies_are_counted(fitglue, rides, copies):
    """An import says how many files are copies of others, and the next sync does not repeat it."""
    for number in range(copies):
        (rides / f"copy{number}.gpx").write_bytes(GPX)
    words = {1: "1 is a copy of other files", 3: "3 are copies of other files"}[copies]
    assert f"1 new, {words}" in fitglue("import", str(rides), "--yes").out
    assert "cop" not in fitglue("sync").out


def test_a_file_of_an_earlier_store_gets_its_path_from_the_next_sync(fitglue, rides, tmp_path):
    """A damaged file that an earlier format knows without its path is named by it after a sync."""
    (rides / "d.gpx").write_bytes(DAMAGED)
    fitglue("import", str(rides), "--yes")
    with closing(sqlite3.connect(tmp_path / "home" / "fitglue.db")) as db:
        db.execute("update fg_locations set path = null")
        db.commit()
    assert fitglue("quarantine", "--json").lines[0]["paths"] == []
    fitglue("sync")
    assert fitglue("quarantine", "--json").lines[0]["paths"] == ["d.gpx"]


def bomb(path):
    """Write a zip whose members unpack to hundreds of times its size."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5):
            archive.writestr(f"activities/{number}.fit", bytes(15 << 20))


def large_table(path):
    """Write a table of a Strava archive that is larger than any."""
    path.write_bytes(b"Activity ID,Activity Date,Activity Name,a,b,c,d,e,f,Filename\n")
    with path.open("r+b") as file:
        file.truncate(257 << 20)


REFUSED = {"rides.zip": (bomb, "a decompression bomb"), "activities.csv": (large_table, "256 MB")}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_refused_as_a_whole_says_so_at_the_import(fitglue, tmp_path, name):
    """A bomb or a table that is too large, named on its own, is refused with the reason and exit
    code 5, and nothing is connected.
    """
    write, reason = REFUSED[name]
    write(tmp_path / name)
    result = fitglue("import", str(tmp_path / name), "--yes")
    assert (result.code, f"{tmp_path / name} cannot be used" in result.err) == (5, True)
    assert reason in result.err
    assert fitglue("connections", "--json").lines == []


def test_a_refused_file_beside_others_is_named_and_the_others_are_imported(
    fitglue, rides, tmp_path
):
    """A bomb beside a folder is reported with exit code 5, and the folder is imported."""
    bomb(tmp_path / "bomb.zip")
    result = fitglue("import", str(rides), str(tmp_path / "bomb.zip"), "--yes")
    assert (result.code, "files: 1 new" in result.out) == (5, True)
    assert "[FG-zip-bomb]" in result.err


def test_a_connected_zip_that_became_a_bomb_is_named_by_every_command(fitglue, tmp_path):
    """If an imported zip is replaced by a bomb, `connections check`, `sync` and `doctor` say that
    it is refused, and why.
    """
    path = tmp_path / "rides.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good.gpx", GPX)
    assert fitglue("import", str(path), "--yes").code == 0
    bomb(path)
    synced = fitglue("sync")
    assert (synced.code, "a decompression bomb" in synced.out) == (5, True)
    assert "a decompression bomb" in fitglue("connections", "check").out
    assert "a decompression bomb" in fitglue("doctor", "--offline").out
