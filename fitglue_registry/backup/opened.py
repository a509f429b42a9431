"""A backup that is open for reading: its manifest, and the content of its files, checked."""

from __future__ import annotations

import errno
import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.backup.manifest import (
    MANIFEST,
    Manifest,
    Member,
    check_names,
    damaged,
    decode_manifest,
    no_backup,
)
from fitglue_registry.errors import Place, StoreFailed, UserMistake

if TYPE_CHECKING:
    from pathlib import Path

#: Called as a long step goes on: what is being done, how many of how many.
OnStep = Callable[[str, int, int], None]

_CHUNK = 1 << 20
_ZIP_STARTS = (b"PK\3\4", b"PK\5\6")
_UNREADABLE = (
    zipfile.BadZipFile,
    OSError,
    EOFError,
    ValueError,
    zlib.error,
    NotImplementedError,
)
# What whoever unpacks a backup meets, and no reader of it.
_OF_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was verified."""

    path: Path
    size: int
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class OpenBackup:
    """A backup whose manifest names exactly the files that are there."""

    path: Path
    zip_file: zipfile.ZipFile
    manifest: Manifest

    def chunks(self, member: Member) -> Iterator[bytes]:
        """Yield the content of a file; raises after the last chunk where it is not what the
        manifest says.
        """
        what = f"{member.name} of the backup is damaged"
        digest = hashlib.sha256()
        size = 0
        try:
            with self.zip_file.open(member.name) as file:
                # One that is longer than it should be is not read to its end.
                while size <= member.size and (chunk := file.read(_CHUNK)):
                    digest.update(chunk)
                    size += len(chunk)
                    yield chunk
        except _UNREADABLE as error:
            raise damaged(self.path, what, str(error)) from error
        if (size, digest.hexdigest()) != (member.size, member.sha256):
            why = "its size or its hash is not what the manifest says"
            raise damaged(self.path, what, why)

    def content(self, member: Member) -> bytes:
        """Return the whole content of a file; raises as ``chunks`` does."""
        return b"".join(self.chunks(member))


def no_step(
    _what: str,
    _done: int,
    _total: int,
) -> None:
    """Tell nobody how far a step has come."""


def verify(path: Path, on_step: OnStep | None = None) -> Backup:
    """Read all of a backup and compare it with its manifest.

    Raises ``StoreFailed`` FG-backup-damaged, which names the first file that is not what it must
    be, or FG-backup-newer; ``UserMistake`` FG-backup-unknown for a file that is no backup.
    """
    say = on_step or no_step
    with open_backup(path) as backup:
        files = backup.manifest.files
        for done, member in enumerate(files, start=1):
            for _ in backup.chunks(member):
                pass
            say("checked", done, len(files))
    return Backup(path, path.stat().st_size, backup.manifest)


@contextmanager
def open_backup(path: Path) -> Iterator[OpenBackup]:
    """Open a backup; raises as ``verify`` does."""
    try:
        with path.open("rb") as file:
            if file.read(4) not in _ZIP_STARTS:
                raise no_backup(path, "it is no ZIP file")
            with zipfile.ZipFile(file) as zip_file:
                manifest = _read_manifest(path, zip_file)
                check_names(path, zip_file.namelist(), manifest)
                yield OpenBackup(path, zip_file, manifest)
    except FileNotFoundError as error:
        raise UserMistake(
            "FG-backup-unknown", f"there is no file {path}", fix="correct the name"
        ) from error
    except OSError as error:
        if error.filename not in (None, str(path)) or error.errno in _OF_WRITING:
            raise
        raise StoreFailed(
            "FG-backup-unreadable",
            "the backup cannot be read",
            at=Place(str(path)),
            why=error.strerror or str(error),
            fix="look whether the file is there and yours, and its disk sound",
        ) from error
    except zipfile.BadZipFile as error:
        raise damaged(path, "the backup is cut off or damaged", str(error)) from error


def _read_manifest(path: Path, zip_file: zipfile.ZipFile) -> Manifest:
    if MANIFEST not in zip_file.namelist():
        raise no_backup(path, f"no {MANIFEST} is in it")
    try:
        return decode_manifest(path, zip_file.read(MANIFEST))
    except _UNREADABLE as error:
        raise damaged(path, f"{MANIFEST} of the backup is damaged", str(error)) from error
