"""Files that a program is still writing: they are recognized, and a watch waits for their end."""

from __future__ import annotations

import gzip
import io
import os
import threading
import zipfile

import pytest

from fitglue_formats.testing import gpx_file, ride_file
from fitglue_registry import Host, Policy
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.services.importing.folder_watcher import Timing
from fitglue_registry.services.importing.unfinished import (
    gzip_lacks_end,
    lacks_end,
    unfinished_files,
)
from fitglue_registry.sync.events import SyncFinished, SyncStopped

PATIENCE_S = 3600
GPX = gpx_file()
FIT = ride_file()


def zip_of(content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("ride.gpx", content)
    return buffer.getvalue()


COMPLETE = {
    "a FIT file": FIT,
    "two FIT files in one": FIT + FIT,
    "a GPX file": GPX + b"\n",
    "a GPX file in UTF-16": GPX.decode().encode("utf-16"),
    "a TCX file with a prefix": b"<?xml version='1.0'?><t:Tcx a='1'><t:b/></t:Tcx>",
    "a zip": zip_of(GPX),
    "a file of another kind": b"no workout",
}
UNFINISHED = {
    "an empty file": b"",
    "half a FIT file": FIT[: len(FIT) // 2],
    "a FIT file whose size is not known yet": FIT[:4] + bytes(4) + FIT[8:],
    "half a GPX file": GPX[: len(GPX) // 2],
    "half a GPX file in UTF-16": GPX.decode().encode("utf-16")[:200],
    "a zip without its index": zip_of(GPX)[:300],
}

PACKED = gzip.compress(GPX)
COMPLETE_GZIPS = {
    "a gzip": PACKED,
    "two gzips in one": PACKED + gzip.compress(FIT),
    "a gzip that is filled up with zeros": PACKED + bytes(5000),
    "a gzip of nothing": gzip.compress(b""),
    "a gzip of which a part is damaged": PACKED[:60] + b"xx" + PACKED[62:],
}
UNFINISHED_GZIPS = {
    "a gzip without its last byte": PACKED[:-1],
    "a gzip without its trailer": PACKED[:-8],
    "half a gzip": PACKED[: len(PACKED) // 2],
    "a part of the header of a gzip": PACKED[:5],
    "a gzip and half of another": PACKED + PACKED[:40],
}


@pytest.mark.parametrize("name", COMPLETE)
def test_a_file_with_an_end_is_complete(name):
    """A file of any format that has its end is complete, and so is one of an unknown format."""
    content = COMPLETE[name]
    assert not lacks_end(content[:512], content[-66_000:], len(content))


@pytest.mark.parametrize("name", UNFINISHED)
def test_a_file_without_an_end_is_unfinished(name):
    """A file that is shorter than its header says, or has no end tag or index, is unfinished."""
    content = UNFINISHED[name]
    assert lacks_end(content[:512], content[-66_000:], len(content))


@pytest.mark.parametrize("name", COMPLETE_GZIPS)
def test_a_gzip_with_its_trailer_is_complete(name):
    """A compressed file that has its end is complete, and waiting does not help a damaged one."""
    assert not gzip_lacks_end(io.BytesIO(COMPLETE_GZIPS[name]))


@pytest.mark.parametrize("name", UNFINISHED_GZIPS)
def test_a_gzip_without_its_trailer_is_unfinished(name):
    """A compressed file whose end is missing is unfinished, wherever it is cut off."""
    assert gzip_lacks_end(io.BytesIO(UNFINISHED_GZIPS[name]))


def test_only_files_that_were_changed_lately_are_unfinished(tmp_path):
    """After some time without a change, a file counts as finished, because nothing more comes."""
    (tmp_path / "deep").mkdir()
    for name in ("old.gpx", "deep/new.gpx", ".hidden.gpx"):
        (tmp_path / name).write_bytes(UNFINISHED["half a GPX file"])
    os.utime(tmp_path / "old.gpx", (1, 1))
    (tmp_path / "link.gpx").symlink_to(tmp_path / "deep" / "new.gpx")
    found = unfinished_files([str(tmp_path)], PATIENCE_S)
    assert [file.path for file in found] == [str(tmp_path / "deep" / "new.gpx")]


# -- a watch ---------------------------------------------------------------------------------------


@pytest.fixture
def host(tmp_path):
    home = tmp_path / "home"
    with Host(home, secrets=MemorySecretStore(), policy=Policy.personal()) as host:
        yield host


@pytest.fixture
def rides(host, tmp_path):
    """A folder with one ride that was imported."""
    folder = tmp_path / "rides"
    folder.mkdir()
    (folder / "first.fit").write_bytes(FIT)
    list(host.import_paths([folder]))
    return folder


@pytest.fixture
def syncs(host):
    """A function that watches, and returns an iterator of the counts of each sync."""
    stop = threading.Event()
    timer = threading.Timer(60, stop.set)
    timer.start()
    streams = []

    def start(patience_s):
        timing = Timing(quiet_s=0.05, tick_s=0.01, patience_s=patience_s)
        streams.append(host.imports.watch(stop=stop, timing=timing))
        for event in streams[-1]:
            if isinstance(event, SyncFinished | SyncStopped):
                yield dict(event.counts)

    yield start
    timer.cancel()
    stop.set()
    for stream in streams:
        stream.close()


@pytest.mark.parametrize("name", ["half a FIT file", "half a GPX file", "half a gzip"])
def test_a_watch_does_not_read_a_file_before_its_end_is_there(host, rides, syncs, name):
    """A file without its end is left while others are read, and it is read when it is complete."""
    complete = {
        "half a FIT file": COMPLETE["two FIT files in one"],
        "half a GPX file": GPX,
        "half a gzip": PACKED,
    }
    (rides / "second").write_bytes((UNFINISHED | UNFINISHED_GZIPS)[name])
    (rides / "third.gpx").write_bytes(gpx_file(trk="<name>Third</name>"))
    counts = syncs(PATIENCE_S)
    assert next(counts) == {"new": 1}
    (rides / "second").write_bytes(complete[name])
    assert next(counts) == {"new": 1}
    assert host.records.quarantine() == []


def test_a_file_whose_end_never_comes_is_read_as_it_is(rides, syncs):
    """After some time without a change, a watch reads what there is of a file."""
    (rides / "second.gpx").write_bytes(GPX[:-20])
    counts = syncs(1.0)
    assert next(count["new"] for count in counts if count) == 1
