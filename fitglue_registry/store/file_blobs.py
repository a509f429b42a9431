"""Stores original files in a folder, each under the hash of its content."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from filelock import Timeout

from fitglue_registry.durable import (
    UNFINISHED,
    make_folder,
    make_folders,
    private_lock,
    sync_folder,
    write_atomically,
    write_group_atomically,
)
from fitglue_registry.errors import Place, StoreFailed
from fitglue_registry.store.blobs import FETCH_AGAIN, SHA256, Blob, checked_sha256, missing_blob

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_LOCK_TIMEOUT_S = 30.0
#: The lock is held for milliseconds, for which filelock's default of 0.05 s is a long wait.
_LOCK_POLL_S = 0.005


class FileBlobStore:
    """A blob store in a folder, with one file per content: ``ab/cd/abcd…``.

    The two levels keep each folder small.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Store the content durably; a file that is there but damaged is replaced."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self._path(sha256)
        try:
            make_folder(path.parent)
            with self._locked():
                if _is_intact(path, sha256):
                    # A sweep then takes it for new: the row that will name it is not committed yet.
                    os.utime(path)
                else:
                    write_atomically(path, content)
        except OSError as error:
            raise _not_written(path, error) from None
        return sha256

    def put_many(self, contents: Sequence[bytes]) -> list[str]:
        """Store several contents durably, waiting for the disk for all of them at once."""
        by_path: dict[Path, bytes] = {}
        hashes = []
        for content in contents:
            sha256 = hashlib.sha256(content).hexdigest()
            hashes.append(sha256)
            by_path[self._path(sha256)] = content
        if not by_path:
            return hashes
        try:
            make_folders({path.parent for path in by_path})
            with self._locked():
                missing = {}
                for path, content in by_path.items():
                    if _is_intact(path, path.name):
                        os.utime(path)
                    else:
                        missing[path] = content
                write_group_atomically(missing)
        except OSError as error:
            raise _not_written(self._folder, error) from None
        return hashes

    def get(self, sha256: str) -> bytes:
        """Return the content, after its hash was verified."""
        path = self._path(sha256)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise missing_blob(sha256, path) from None
        except OSError as error:
            raise StoreFailed(
                "FG-blob-unreadable",
                "an original file cannot be read",
                at=Place(file=str(path)),
                why=error.strerror,
                fix="check that the folder belongs to you and that the disk has no errors",
            ) from None
        if hashlib.sha256(content).hexdigest() != sha256:
            raise StoreFailed(
                "FG-blob-damaged",
                "an original file is damaged",
                at=Place(file=str(path)),
                why="the hash of its content differs from its name",
                fix=FETCH_AGAIN,
            )
        return content

    def has(self, sha256: str) -> bool:
        """Return whether the file is there, without reading it."""
        return self._path(sha256).is_file()

    def delete(
        self,
        sha256: str,
        *,
        stored_before: datetime | None = None,
    ) -> bool:
        """Remove the file durably, unless it was put since ``stored_before``."""
        path = self._path(sha256)
        try:
            with self._locked():
                if stored_before and path.stat().st_mtime >= stored_before.timestamp():
                    return False
                path.unlink()
                sync_folder(path.parent)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreFailed(
                "FG-blob-not-deleted",
                "an original file could not be removed",
                at=Place(file=str(path)),
                why=error.strerror,
                fix="check that the folder belongs to you",
            ) from None
        return True

    def all(self) -> Iterator[Blob]:
        """Yield every stored content, without reading it."""
        for path in self._folder.glob("??/??/*"):
            if not SHA256.match(path.name):
                continue
            # Another process may remove a file while the folder is listed.
            with suppress(FileNotFoundError):
                stat = path.stat()
                stored_at = datetime.fromtimestamp(stat.st_mtime, UTC)
                yield Blob(path.name, stat.st_size, stored_at)

    def discard_unfinished(self, older_than: datetime) -> int:
        """Remove what killed processes left half written before this moment."""
        removed = 0
        for path in self._folder.glob(f"??/??/{UNFINISHED}*"):
            # The process that is writing the file, or another sweep, may remove it meanwhile.
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < older_than.timestamp():
                    path.unlink()
                    removed += 1
        return removed

    def _path(self, sha256: str) -> Path:
        name = checked_sha256(sha256)
        return self._folder / name[:2] / name[2:4] / name

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock under which files appear and disappear.

        Without it, a put could find a file and rely on it just before a sweep removes it.
        """
        if not self._folder.is_dir():
            raise FileNotFoundError(str(self._folder))
        lock = private_lock(
            self._folder / ".lock",
            timeout_s=_LOCK_TIMEOUT_S,
            poll_s=_LOCK_POLL_S,
        )
        try:
            with lock:
                yield
        except Timeout:
            raise OSError("another process holds the lock of the folder") from None


def _not_written(path: Path, error: OSError) -> StoreFailed:
    return StoreFailed(
        "FG-blob-not-written",
        "an original file could not be stored",
        at=Place(file=error.filename or str(path)),
        why=error.strerror or str(error),
        fix="check that the disk has free space and that the folder belongs to you",
    )


def _is_intact(path: Path, sha256: str) -> bool:
    """Return whether the file is there and its content has this hash."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except FileNotFoundError:
        return False
