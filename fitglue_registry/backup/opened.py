"""Opens a backup for reading, and verifies the content of its files against its manifest."""

from __future__ import annotations

import errno
import hashlib
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import IO, TYPE_CHECKING, NamedTuple

from fitglue_registry.backup.bounds import (
    check_directory,
    check_members,
    check_sizes,
    read_manifest_file,
)
from fitglue_registry.backup.manifest import (
    MANIFEST,
    Manifest,
    Member,
    check_names,
    damaged,
    decode_manifest,
    not_a_backup,
)
from fitglue_registry.backup.manifest_check import check_values
from fitglue_registry.errors import Place, StoreFailed, UserMistake
from fitglue_registry.payloads import ZIP_END, ZIP_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from fitglue_registry.transport.origin import OtherAddress

#: Called to report progress: the name of the step, how many items are done, and how many there are.
OnStep = Callable[[str, int, int], None]

_CHUNK = 1 << 20
#: What zipfile and the decoder of the manifest raise for damaged bytes: NotImplementedError for a
#: newer version of the format, RuntimeError for encryption, RecursionError for deep nesting.
_UNREADABLE = (
    zipfile.BadZipFile,
    OSError,
    EOFError,
    ValueError,
    zlib.error,
    struct.error,
    NotImplementedError,
    RuntimeError,
    RecursionError,
)
# Errors of the caller that writes what it reads here: the disk is full or read-only.
_WRITE_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class BackedUpConnection(NamedTuple):
    """A connection in the database of a backup, as far as its address is concerned."""

    name: str
    integration: str
    source: str
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was verified."""

    path: Path
    size: int  # bytes of the ZIP file
    manifest: Manifest
    # Those of its database; a backup that was just made names none.
    connections: tuple[BackedUpConnection, ...] = ()
    # The addresses of these connections that are not those of the entries.
    other_addresses: tuple[OtherAddress, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenBackup:
    """A backup that is open, whose manifest lists exactly the files that it contains."""

    path: Path
    zip_file: zipfile.ZipFile
    manifest: Manifest

    def chunks(self, member: Member) -> Iterator[bytes]:
        """Yield the content of a file in chunks.

        Raises:
            StoreFailed: FG-backup-damaged, after the last chunk, if size or hash differ from the
                manifest.
        """
        what = f"{member.name} of the backup is damaged"
        digest = hashlib.sha256()
        size = 0
        try:
            with self.zip_file.open(member.name) as file:
                # Stop as soon as the file is too long: a small ZIP file can expand to terabytes.
                while size <= member.size and (chunk := file.read(_CHUNK)):
                    digest.update(chunk)
                    size += len(chunk)
                    yield chunk
        except _UNREADABLE as error:
            raise damaged(self.path, what, str(error)) from error
        if (size, digest.hexdigest()) != (member.size, member.sha256):
            why = "its size or its hash differs from the manifest"
            raise damaged(self.path, what, why)

    def content(self, member: Member) -> bytes:
        """Return the complete content of a file; raise as ``chunks`` does."""
        # Unlike a list of chunks that is joined, this needs the content in memory only once.
        content = BytesIO()
        for chunk in self.chunks(member):
            content.write(chunk)
        return content.getvalue()


def ignore_step(
    _what: str,
    _done: int,
    _total: int,
) -> None:
    """Report no progress: the default for ``on_step``."""


def read_all(path: Path, on_step: OnStep | None = None) -> Backup:
    """Read a backup completely, and compare it with its manifest.

    Args:
        path: The backup.
        on_step: Called to report progress.

    Raises:
        StoreFailed: FG-backup-damaged, which names the first damaged file, FG-backup-newer,
            FG-store-newer, or FG-backup-unreadable.
        UserMistake: FG-backup-unknown if the file does not exist or is not a backup.
    """
    report = on_step or ignore_step
    with open_backup(path) as backup:
        files = backup.manifest.files
        for done, member in enumerate(files, start=1):
            for _ in backup.chunks(member):
                pass
            report("checked", done, len(files))
        return Backup(path, path.stat().st_size, backup.manifest)


@contextmanager
def open_backup(path: Path) -> Iterator[OpenBackup]:
    """Open a backup and check its list of files and their sizes; raise as ``read_all`` does."""
    try:
        # A FIFO would wait for a writer, and a device may never end.
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise not_a_backup(path, "it is not a regular file")
        with path.open("rb") as file:
            if file.read(4) not in (ZIP_FILE, ZIP_END):
                raise not_a_backup(path, "it is not a ZIP file")
            check_directory(path, file)
            with _zip_file(path, file) as zip_file:
                manifest = _read_manifest(path, zip_file)
                check_names(path, zip_file.namelist(), manifest)
                check_values(path, manifest)
                check_sizes(path, manifest, path.stat().st_size)
                yield OpenBackup(path, zip_file, manifest)
    except FileNotFoundError as error:
        if error.filename != str(path):  # a file of the caller's block, as below
            raise
        raise UserMistake(
            "FG-backup-unknown", f"the file {path} does not exist", fix="correct the name"
        ) from error
    except OSError as error:
        # The caller's errors inside the ``with`` block arrive here, too, and are not about the
        # backup.
        if error.filename not in (None, str(path)) or error.errno in _WRITE_ERRNOS:
            raise
        raise StoreFailed(
            "FG-backup-unreadable",
            "the backup cannot be read",
            at=Place(str(path)),
            why=error.strerror or str(error),
            fix="check that the file belongs to you and that the disk has no errors",
        ) from error


def _zip_file(path: Path, file: IO[bytes]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except _UNREADABLE as error:
        raise damaged(path, "the backup is incomplete or damaged", str(error)) from error


def _read_manifest(path: Path, zip_file: zipfile.ZipFile) -> Manifest:
    if MANIFEST not in zip_file.namelist():
        raise not_a_backup(path, f"it contains no {MANIFEST}")
    check_members(path, zip_file.infolist())
    try:
        return decode_manifest(path, read_manifest_file(path, zip_file))
    except _UNREADABLE as error:
        raise damaged(path, f"{MANIFEST} of the backup is damaged", str(error)) from error
