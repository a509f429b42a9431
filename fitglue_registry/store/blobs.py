"""Original files, kept verbatim under the hash of their content."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from fitglue_registry.durable import UNFINISHED, make_folder, sync_folder, write_whole
from fitglue_registry.errors import Place, StoreFailed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_LOCK_TIMEOUT_S = 30.0
#: What brings an answer back that is gone or damaged.
MEND = (
    "`fitglue doctor --mend` has the next sync fetch it again; or `fitglue backup restore FILE "
    "--replace`"
)


@dataclass(frozen=True, slots=True)
class Blob:
    """One stored content; ``stored_at`` is when it was last put."""

    sha256: str
    size: int
    stored_at: datetime


class BlobStore(Protocol):
    """Keeps contents under their sha256 in hex; first the blob, then the row that names it.

    An embedder may bring its own.
    """

    def put(self, content: bytes) -> str:
        """Keep the content durably and return its hash; the same content again is kept once."""

    def get(self, sha256: str) -> bytes:
        """The content, verified; raises ``StoreFailed`` FG-blob-missing or FG-blob-damaged."""

    def has(self, sha256: str) -> bool:
        """Whether it is there, without reading it."""

    def delete(self, sha256: str, *, stored_before: datetime | None = None) -> bool:
        """Remove it, unless it was put at or after that moment; whether it was there and is
        gone.
        """

    def all(self) -> Iterator[Blob]:
        """Everything that is there, in no order."""

    def discard_unfinished(self, older_than: datetime) -> int:
        """Remove what a killed process left half written before that moment; how many there
        were.
        """


class MemoryBlobStore:
    """Forgets everything at the end of the process."""

    def __init__(self) -> None:
        self._contents: dict[str, tuple[bytes, datetime]] = {}

    def put(self, content: bytes) -> str:
        """Keep the content."""
        sha256 = hashlib.sha256(content).hexdigest()
        self._contents[sha256] = (bytes(content), datetime.now(UTC))
        return sha256

    def get(self, sha256: str) -> bytes:
        """The content."""
        if not self.has(sha256):
            raise _missing(sha256)
        return self._contents[sha256][0]

    def has(self, sha256: str) -> bool:
        """Whether it is there."""
        return _checked(sha256) in self._contents

    def delete(self, sha256: str, *, stored_before: datetime | None = None) -> bool:
        """Remove it, unless it was put since."""
        if not self.has(sha256) or (stored_before and self._contents[sha256][1] >= stored_before):
            return False
        del self._contents[sha256]
        return True

    def all(self) -> Iterator[Blob]:
        """Everything that is there."""
        yield from [
            Blob(sha256, len(content), stored_at)
            for sha256, (content, stored_at) in self._contents.items()
        ]

    def discard_unfinished(self, older_than: datetime) -> int:  # noqa: ARG002 - the protocol's
        """Nothing is ever half written here."""
        return 0


class FileBlobStore:
    """A folder of files named by their hash: ``ab/cd/abcd…``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Keep the content; one that is there but damaged is mended."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self._path(sha256)
        try:
            make_folder(path.parent)
            with self._locked():
                if self._is_whole(path, sha256):
                    # A sweep takes it for new, since its row may not be committed yet.
                    os.utime(path)
                else:
                    write_whole(path, content)
        except OSError as error:
            raise StoreFailed(
                "FG-blob-not-written",
                "an original file could not be kept",
                at=Place(file=str(path)),
                why=error.strerror or str(error),
                fix="check that the disk has room and that the folder is yours",
            ) from None
        return sha256

    def get(self, sha256: str) -> bytes:
        """The content, verified."""
        path = self._path(sha256)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise _missing(sha256, path) from None
        except OSError as error:
            raise StoreFailed(
                "FG-blob-unreadable",
                "an original file cannot be read",
                at=Place(file=str(path)),
                why=error.strerror,
                fix="check that the folder is yours and the disk is sound",
            ) from None
        if hashlib.sha256(content).hexdigest() != sha256:
            raise StoreFailed(
                "FG-blob-damaged",
                "an original file is not what was kept",
                at=Place(file=str(path)),
                why="its content has another hash than its name",
                fix=MEND,
            )
        return content

    def has(self, sha256: str) -> bool:
        """Whether it is there."""
        return self._path(sha256).is_file()

    def delete(self, sha256: str, *, stored_before: datetime | None = None) -> bool:
        """Remove it, unless it was put since."""
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
                fix="check that the folder is yours",
            ) from None
        return True

    def all(self) -> Iterator[Blob]:
        """Everything that is there."""
        for path in self._folder.glob("??/??/*"):
            if _SHA256.match(path.name):
                with suppress(FileNotFoundError):
                    stat = path.stat()
                    yield Blob(path.name, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))

    def discard_unfinished(self, older_than: datetime) -> int:
        """Remove what a killed process left half written."""
        left = [
            path
            for path in self._folder.glob(f"??/??/{UNFINISHED}*")
            if path.stat().st_mtime < older_than.timestamp()
        ]
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def _path(self, sha256: str) -> Path:
        return self._folder / _checked(sha256)[:2] / sha256[2:4] / sha256

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Held while a name appears or goes: a put must not rely on a file that a sweep is about to
        remove.
        """
        from filelock import FileLock, Timeout

        if not self._folder.is_dir():
            raise FileNotFoundError(str(self._folder))
        try:
            with FileLock(self._folder / ".lock", timeout=_LOCK_TIMEOUT_S, poll_interval=0.005):
                yield
        except Timeout:
            raise OSError("another process holds the lock of the folder") from None

    @staticmethod
    def _is_whole(path: Path, sha256: str) -> bool:
        try:
            return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
        except FileNotFoundError:
            return False


def sweep(store: BlobStore, keep: Collection[str], older_than: datetime) -> list[str]:
    """Remove what no row names and what was put before ``older_than``; the hashes that are gone.

    Leave a generous hour: a blob is put before the row that names it is committed.
    """
    store.discard_unfinished(older_than)
    orphans = [
        blob.sha256
        for blob in store.all()
        if blob.sha256 not in keep and blob.stored_at < older_than
    ]
    return [sha256 for sha256 in orphans if store.delete(sha256, stored_before=older_than)]


def _checked(sha256: str) -> str:
    """A hash becomes a path, so nothing else may pass."""
    if not _SHA256.match(sha256):
        raise StoreFailed("FG-blob-missing", f"{sha256[:80]!r} is no sha256 in hex")
    return sha256


def _missing(sha256: str, path: Path | None = None) -> StoreFailed:
    return StoreFailed(
        "FG-blob-missing",
        f"no original file is kept under {sha256[:12]}…",
        at=Place(file=str(path)) if path else None,
        fix=MEND,
    )
