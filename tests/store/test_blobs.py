"""Original files under the hash of their content: kept once, verified, swept with care."""

import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from fitglue_registry.errors import StoreFailed
from fitglue_registry.store.blobs import MemoryBlobStore, sweep
from fitglue_registry.store.file_blobs import FileBlobStore

CONTENT = b".FIT original \x00\xff"
SHA = hashlib.sha256(CONTENT).hexdigest()
LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def files(tmp_path):
    """A store in a folder."""
    return FileBlobStore(tmp_path / "blobs")


@pytest.fixture(params=[MemoryBlobStore, FileBlobStore])
def store(request, tmp_path):
    """Each store in turn."""
    return (
        request.param() if request.param is MemoryBlobStore else request.param(tmp_path / "blobs")
    )


@pytest.fixture
def blob(tmp_path):
    """Where the content lies."""
    return tmp_path / "blobs" / SHA[:2] / SHA[2:4] / SHA


def refused(call, *arguments):
    """The error of a call."""
    with pytest.raises(StoreFailed) as caught:
        call(*arguments)
    return caught.value


def test_content_comes_back_under_its_hash(store):
    """What was put is there, verbatim."""
    assert store.put(CONTENT) == SHA
    assert (store.get(SHA), store.has(SHA)) == (CONTENT, True)


def test_the_same_content_is_kept_once(store):
    """Two records may have the same file."""
    store.put(CONTENT)
    store.put(CONTENT)
    store.put(b"")
    assert sorted((blob.sha256, blob.size) for blob in store.all()) == sorted(
        [(SHA, len(CONTENT)), (hashlib.sha256().hexdigest(), 0)]
    )


def test_what_is_not_there_is_missing(store):
    """Asking for it is an error, asking whether it is there is none, deleting it neither."""
    assert refused(store.get, SHA).code == "FG-blob-missing"
    assert (store.has(SHA), store.delete(SHA), list(store.all())) == (False, False, [])


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, SHA + "\n"])
def test_what_is_no_hash_never_becomes_a_path(store, name):
    """A hash comes from the database, and that may be anybody's."""
    assert refused(store.get, name).code == "FG-blob-missing"


def test_damage_is_found_when_it_is_read(files, blob):
    """One changed byte has another hash; putting the content again repairs it."""
    files.put(CONTENT)
    blob.write_bytes(b"X" + CONTENT[1:])
    assert refused(files.get, SHA).code == "FG-blob-damaged"
    files.put(CONTENT)
    assert files.get(SHA) == CONTENT


def test_nobody_else_may_read_it(files, blob):
    """An original file says where somebody lives."""
    files.put(CONTENT)
    assert (blob.stat().st_mode & 0o777, blob.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_full_disk_leaves_nothing_half_written(files, blob, monkeypatch):
    """The content is there whole or not at all."""

    def fail(_):
        raise OSError(28, "No space left on device")

    files.put(b"the folders are there")
    monkeypatch.setattr(os, "fsync", fail)
    error = refused(files.put, CONTENT)
    assert (error.code, error.why) == ("FG-blob-not-written", "No space left on device")
    assert (files.has(SHA), list(blob.parent.parent.rglob(".unfinished-*"))) == (False, [])


def test_a_process_killed_while_writing_leaves_no_content(tmp_path, files, blob):
    """What is half written is under another name, and a sweep takes it away."""
    code = (
        "import os, pathlib, sys\nfrom fitglue_registry.store import file_blobs\n"
        "from fitglue_registry.durable import os as o\no.fsync = lambda handle: "
        "os.kill(os.getpid(), 9)\n"
        "file_blobs.make_folder = lambda folder: folder.mkdir(parents=True)\n"
        f"file_blobs.FileBlobStore(pathlib.Path({str(tmp_path / 'blobs')!r})).put({CONTENT!r})"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == -9
    assert (files.has(SHA), list(files.all()), len(list(blob.parent.glob(".unfinished-*")))) == (
        False,
        [],
        1,
    )
    assert sweep(files, set(), LATER) == []
    assert list(blob.parent.iterdir()) == []
    files.put(CONTENT)
    assert files.get(SHA) == CONTENT


def test_a_sweep_removes_what_no_row_names(store):
    """What is named stays, and so does what was put a moment ago."""
    orphan = store.put(b"orphan")
    store.put(CONTENT)
    assert sweep(store, {SHA}, datetime.now(UTC) - timedelta(hours=1)) == []
    assert sweep(store, {SHA}, LATER) == [orphan]
    assert (store.has(SHA), store.has(orphan)) == (True, False)


def test_content_that_is_put_again_is_new_again(files, blob):
    """An old orphan that a sync is about to name is not swept away under it."""
    files.put(CONTENT)
    os.utime(blob, (0, 0))
    files.put(CONTENT)
    assert sweep(files, set(), datetime.now(UTC) - timedelta(hours=1)) == []


def test_a_blob_put_since_the_sweep_looked_stays(files):
    """The last look is under the lock."""
    files.put(CONTENT)
    assert files.delete(SHA, stored_before=datetime.now(UTC) - timedelta(hours=1)) is False
    assert files.delete(SHA) is True
