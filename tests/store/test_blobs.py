"""Tests of the stores of original files: contents are kept once, verified, and swept."""

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
    """Return a blob store in a folder."""
    return FileBlobStore(tmp_path / "blobs")


@pytest.fixture(params=[MemoryBlobStore, FileBlobStore])
def store(request, tmp_path):
    """Return each kind of blob store in turn."""
    return (
        request.param() if request.param is MemoryBlobStore else request.param(tmp_path / "blobs")
    )


@pytest.fixture
def blob(tmp_path):
    """Return the path of the file with this hash."""
    return tmp_path / "blobs" / SHA[:2] / SHA[2:4] / SHA


def refused(call, *arguments):
    """Return the error that a call raises."""
    with pytest.raises(StoreFailed) as caught:
        call(*arguments)
    return caught.value


def test_content_is_returned_under_its_hash(store):
    """A content that was put is returned unchanged under its hash."""
    assert store.put(CONTENT) == SHA
    assert (store.get(SHA), store.has(SHA)) == (CONTENT, True)


def test_the_same_content_is_kept_once(store):
    """A content that is put twice is stored once."""
    store.put(CONTENT)
    store.put(CONTENT)
    store.put(b"")
    assert sorted((blob.sha256, blob.size) for blob in store.all()) == sorted(
        [(SHA, len(CONTENT)), (hashlib.sha256().hexdigest(), 0)]
    )


def test_what_is_not_there_is_missing(store):
    """Getting a missing content is an error; asking whether it exists and deleting it are not."""
    assert refused(store.get, SHA).code == "FG-blob-missing"
    assert (store.has(SHA), store.delete(SHA), list(store.all())) == (False, False, [])


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, SHA + "\n"])
def test_what_is_no_hash_never_becomes_a_path(store, name):
    """A text that is not a sha256 is rejected before it becomes a path, since it comes from a
    database that anyone may have written.
    """
    assert refused(store.get, name).code == "FG-blob-missing"


def test_damage_is_found_when_it_is_read(files, blob):
    """A file with one changed byte is reported as damaged when it is read, and putting the content
    again repairs it.
    """
    files.put(CONTENT)
    blob.write_bytes(b"X" + CONTENT[1:])
    assert refused(files.get, SHA).code == "FG-blob-damaged"
    files.put(CONTENT)
    assert files.get(SHA) == CONTENT


def test_nobody_else_may_read_it(files, blob):
    """Only the owner can read the stored files, because they show where the athlete lives."""
    files.put(CONTENT)
    assert (blob.stat().st_mode & 0o777, blob.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_full_disk_leaves_nothing_half_written(files, blob, monkeypatch):
    """A put that fails because the disk is full leaves no file behind."""

    def fail(_):
        raise OSError(28, "No space left on device")

    files.put(b"the folders are there")
    monkeypatch.setattr(os, "fsync", fail)
    error = refused(files.put, CONTENT)
    assert (error.code, error.why) == ("FG-blob-not-written", "No space left on device")
    assert (files.has(SHA), list(blob.parent.parent.rglob(".unfinished-*"))) == (False, [])


def test_a_process_killed_while_writing_leaves_no_content(tmp_path, files, blob):
    """A process that is killed while it writes leaves an unfinished file under another name, which
    a sweep removes.
    """
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


def test_an_unfinished_file_that_disappears_meanwhile_does_not_stop_the_others(files, blob):
    """Unfinished files are removed although another process removes one of them meanwhile."""
    blob.parent.mkdir(parents=True)
    # A link that leads nowhere is found and then missing, like a file that was just removed.
    (blob.parent / ".unfinished-1").symlink_to(blob.parent / "nowhere")
    (blob.parent / ".unfinished-2").write_bytes(b"half")
    assert files.discard_unfinished(LATER) == 1
    assert not (blob.parent / ".unfinished-2").exists()


def test_a_sweep_removes_what_no_row_names(store):
    """A sweep removes contents that no row names, except those that were put a moment ago."""
    orphan = store.put(b"orphan")
    store.put(CONTENT)
    assert sweep(store, {SHA}, datetime.now(UTC) - timedelta(hours=1)) == []
    assert sweep(store, {SHA}, LATER) == [orphan]
    assert (store.has(SHA), store.has(orphan)) == (True, False)


def test_content_that_is_put_again_is_new_again(files, blob):
    """An old orphan that is put again counts as new, so a sweep does not remove it before its row
    is committed.
    """
    files.put(CONTENT)
    os.utime(blob, (0, 0))
    files.put(CONTENT)
    assert sweep(files, set(), datetime.now(UTC) - timedelta(hours=1)) == []


def test_a_blob_put_since_the_sweep_looked_stays(files):
    """An orphan that is put again after a sweep listed it is not removed, because the sweep checks
    once more under the lock.
    """
    files.put(CONTENT)
    assert files.delete(SHA, stored_before=datetime.now(UTC) - timedelta(hours=1)) is False
    assert files.delete(SHA) is True
