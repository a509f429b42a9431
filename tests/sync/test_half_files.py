"""Files that were read before they were complete: the complete file takes their place."""

from __future__ import annotations

from contextlib import closing

import pytest

from fitglue_formats.testing import FitFile, gpx_file
from fitglue_registry.sync.events import SyncStopped
from fitglue_registry.sync.reading.superseding import continues

POINTS = 240
SECONDS = 3600


def gpx(points=POINTS, title="Lake"):
    """Return a track of some points, one per minute."""
    track = [
        (46 + number / 1000, 7.0, f"2026-05-01T{7 + number // 60:02}:{number % 60:02}:00Z")
        for number in range(points)
    ]
    body = "".join(
        f'<trkpt lat="{lat}" lon="{lon}"><time>{time}</time></trkpt>' for lat, lon, time in track
    )
    return gpx_file([], trk=f"<name>{title}</name>").replace(
        b"<trkseg></trkseg>", f"<trkseg>{body}</trkseg>".encode()
    )


def fit(seconds=SECONDS):
    """Return a ride of some seconds."""
    file = FitFile().file_id().timer(0, start=True)
    for second in range(0, seconds + 1, 10):
        file.record(second)
    return file.session(0, seconds).activity(seconds).content()


COMPLETE = {"ride.gpx": gpx(), "ride.fit": fit()}
#: What a program has written of each when it is read too early.
HALF = {
    "a track that is cut off": ("ride.gpx", gpx()[: len(gpx()) // 2]),
    "a track that is saved again and again": ("ride.gpx", gpx(POINTS // 2)),
    "a copied FIT file": ("ride.fit", fit()[: len(fit()) // 2]),
}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "rides"
    folder.mkdir()
    return folder


def import_all(host, folder):
    for event in host.import_paths([folder]):
        assert not isinstance(event, SyncStopped), event.error


def sync_all(host, folder):
    del folder
    for event in host.sync():
        assert not isinstance(event, SyncStopped), event.error


@pytest.mark.parametrize("half", HALF)
@pytest.mark.parametrize("read", [import_all, sync_all], ids=["import", "sync"])
def test_the_complete_file_takes_the_place_of_the_half(host, folder, half, read):
    """If the content of a path is continued, its workout has only the values of the complete file,
    and keeps its number; the connection has one record.
    """
    name, content = HALF[half]
    (folder / name).write_bytes(content)
    import_all(host, folder)
    [before] = host.activities()
    (folder / name).write_bytes(COMPLETE[name])
    read(host, folder)
    [after] = host.activities()
    assert after["number"] == before["number"]
    assert after["elapsed_s"] > 1.5 * before["elapsed_s"]
    assert [status.records for status in host.overview().connections] == [1]


def test_what_the_athlete_edited_at_half_a_file_is_kept(host, folder):
    """A title that was edited before the file was complete stays the title of the workout."""
    (folder / "ride.gpx").write_bytes(gpx()[:9000])
    import_all(host, folder)
    host.decisions.edit("1", {"title": "Round the lake"})
    (folder / "ride.gpx").write_bytes(gpx())
    sync_all(host, folder)
    assert [row["title"] for row in host.activities()] == ["Round the lake"]


def test_a_rebuild_does_not_bring_half_a_file_back(host, folder):
    """After a rebuild, the workout still has only the values of the complete file."""
    (folder / "ride.gpx").write_bytes(gpx()[:9000])
    import_all(host, folder)
    (folder / "ride.gpx").write_bytes(gpx())
    sync_all(host, folder)
    before = host.activities()
    with closing(host.syncs.rebuild()) as events:
        list(events)
    assert [row["elapsed_s"] for row in host.activities()] == [before[0]["elapsed_s"]]


@pytest.mark.parametrize("other", [gpx(POINTS, "Hill"), gpx(3)], ids=["another", "a shorter one"])
def test_other_content_at_a_path_is_another_record(host, folder, other):
    """A file that is replaced by one that does not continue it stays a record."""
    (folder / "ride.gpx").write_bytes(gpx(POINTS // 2))
    import_all(host, folder)
    (folder / "ride.gpx").write_bytes(other)
    sync_all(host, folder)
    assert [status.records for status in host.overview().connections] == [2]


def test_half_a_file_that_is_still_at_another_path_is_kept(host, folder):
    """A copy that still has the beginning only is what the athlete wants to have."""
    for name in ("a.gpx", "b.gpx"):
        (folder / name).write_bytes(gpx()[:9000])
    import_all(host, folder)
    (folder / "a.gpx").write_bytes(gpx())
    sync_all(host, folder)
    assert [status.records for status in host.overview().connections] == [2]


@pytest.mark.parametrize(
    ("old", "new", "is_continued"),
    [
        (b"", b"abc", False),
        (b"abc", b"abc", False),
        (b"abc", b"abd and more", False),
        (b"abc", b"abc and more", True),
        (b"\x0e\x10\0\0\0\0\0\0.FIT\0\0abc", b"\x0e\x10\0\0\x07\0\0\0.FIT\x12\x34abcdef", True),
        (b"\x0e\x10\0\0\0\0\0\0.FIT\0\0abd", b"\x0e\x10\0\0\x07\0\0\0.FIT\x12\x34abcdef", False),
        (b"<a><b/></c>\n </a>\n", b"<a><b/><b/></c></a>", True),
        (b"<a><b/></c></a>", b"<a><x/><b/></c></a>", False),
    ],
)
def test_a_content_continues_another_one_that_is_its_beginning(old, new, is_continued):
    """The header of a FIT file and the end tags of an XML file are written again, so that they may
    differ.
    """
    assert continues(old, new) is is_continued
