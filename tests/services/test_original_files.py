"""Original files are read for an application or an export; only a worker process unpacks them."""

from __future__ import annotations

import gzip
import io
import os
import zipfile

import pytest

from fitglue_registry.plugin_api import Body
from fitglue_registry.services import original_files
from fitglue_registry.sync.reading import originals
from tests.faults.files.conftest import gpx


@pytest.fixture
def this_process(monkeypatch):
    """Make everything that unpacks fail in this process; a worker loads the modules anew."""
    monkeypatch.setattr(Body, "read", None)
    monkeypatch.setattr(originals, "unpack_gzip", None)
    monkeypatch.setattr(originals, "zlib", None)


def imported(host, folder, content: bytes):
    """Import a file, and return its activity."""
    folder.mkdir()
    (folder / "ride.gpx.gz").write_bytes(content)
    list(host.imports.import_paths([folder]))
    [row] = host.activities()
    return host.activities.get(str(row["number"]))


def exported(host, details, folder):
    """Export the original file of an activity, and return its extensions and its content."""
    assert host.activities.save_original_files([details], folder) == 1
    [file] = folder.iterdir()
    return "".join(file.suffixes), file.read_bytes()


def zipped(files):
    """Return a zip of some files, given as name and content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def deliver(monkeypatch, content):
    """Let the source have delivered this content as the original file."""
    unpacked = original_files._unpacked
    monkeypatch.setattr(
        original_files, "_unpacked", lambda workspace, _: unpacked(workspace, Body(content))
    )


def test_a_file_is_unpacked_in_a_worker(host, tmp_path, this_process):
    """A file that was imported as a gzip is exported without it, and this process unpacks
    nothing.
    """
    details = imported(host, tmp_path / "rides", gzip.compress(gpx()))
    assert exported(host, details, tmp_path / "out") == (".gpx", gpx())


def test_a_file_in_a_zip_is_exported_without_it(host, tmp_path, monkeypatch):
    """A service may deliver each file in a zip; it is exported as the device wrote it."""
    details = imported(host, tmp_path / "rides", gpx())
    monkeypatch.setattr(originals, "zipfile", None)  # a worker loads the module anew
    deliver(monkeypatch, zipped({"1_ACTIVITY.fit": gpx()}))
    assert exported(host, details, tmp_path / "out") == (".gpx", gpx())


@pytest.mark.parametrize("names", [(), ("a.gpx", "b.gpx")])
def test_a_zip_with_more_or_less_than_one_file_is_exported_as_it_is(
    host, tmp_path, monkeypatch, names
):
    """A zip of which it is not clear what the original file is stays a zip."""
    details = imported(host, tmp_path / "rides", gpx())
    archive = zipped(dict.fromkeys(names, gpx()))
    deliver(monkeypatch, archive)
    assert exported(host, details, tmp_path / "out") == (".zip", archive)


def test_a_file_that_stays_compressed_is_recognized_in_a_worker(
    host, tmp_path, monkeypatch, this_process
):
    """A service may deliver a file as a gzip; its format is recognized in a worker."""
    details = imported(host, tmp_path / "rides", gpx())
    packed = gzip.compress(gpx())
    monkeypatch.setattr(original_files, "_unpacked", lambda workspace, body: packed)
    assert exported(host, details, tmp_path / "out") == (".gpx.gz", packed)


def end_process(_: bytes) -> None:
    """End the process."""
    os._exit(1)


@pytest.mark.long
def test_a_file_that_breaks_its_worker_is_exported_as_it_was_received(host, tmp_path, monkeypatch):
    """If a worker dies of a file, the export goes on, and the file stays compressed."""
    packed = gzip.compress(gpx())
    details = imported(host, tmp_path / "rides", packed)
    monkeypatch.setattr(original_files, "unpack_in_worker", end_process)
    monkeypatch.setattr(original_files, "packed_suffix_in_worker", end_process)
    assert exported(host, details, tmp_path / "out") == (".gz", packed)


@pytest.mark.parametrize(
    "content",
    [b"no gzip", gzip.compress(gpx())[:-12], gzip.compress(gpx()) + b"more"],
    ids=["no gzip", "cut off", "followed by something else"],
)
def test_damaged_content_is_not_unpacked(content):
    """Content that cannot be unpacked completely is none at all."""
    assert originals.unpack_in_worker(content) is None


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        (b"\x0e\x10\x00\x00\x00\x00\x00\x00.FIT", ".fit.gz"),
        (b"<TrainingCenterDatabase>", ".tcx.gz"),
        (b"something else", ".bin.gz"),
        (gzip.compress(gpx()), ".gz"),
    ],
)
def test_the_format_inside_a_gzip_is_part_of_its_name(content, suffix):
    """The extension names the format and the gzip; a gzip in a gzip is not looked into."""
    assert originals.packed_suffix_in_worker(gzip.compress(content)) == suffix
