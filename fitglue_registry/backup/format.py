"""The form of a backup: one ZIP file with the files of a store and a manifest that says what each
of them must be.
"""

from __future__ import annotations

import errno
import hashlib
import re
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import msgspec

from fitglue_registry.errors import Place, StoreFailed, UserMistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    #: Hears how far a long step has come: what is being done, how many of how many.
    OnStep = Callable[[str, int, int], None]

#: The newest form that this version writes and reads.
BACKUP_FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "fitglue.db"
#: How the folder is called in which a restore lays things ready.
RESTORE_LEFT = ".unfinished-fitglue-restore-"

_CHUNK = 1 << 20
# What whoever unpacks it meets, and no reader.
_OF_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
# A name becomes a path when it is restored, so nothing else may pass.
_NAME = re.compile(
    r"(fitglue\.db|blobs/(?P<two>[0-9a-f]{2})/(?P<four>[0-9a-f]{2})/(?P=two)(?P=four)[0-9a-f]{60}"
    r"|secrets/(secrets\.key|[0-9a-f]{32}\.sealed))\Z"
)
_OLDER = "take an older backup"


class Member(msgspec.Struct, frozen=True):
    """One file of a backup."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup is: ``files`` has all of it, ``absent`` the originals that the store had lost
    before.
    """

    backup_format: int
    made_at: str
    host_version: str
    database: str  # sqlite; or postgresql, and then the database itself is not in the backup
    store_format: str
    rows: dict[str, int]
    secrets: int
    secrets_left_out: int
    absent: tuple[str, ...]
    files: tuple[Member, ...]

    def named(self, folder: str) -> list[Member]:
        """The files of one folder."""
        return [member for member in self.files if member.name.startswith(f"{folder}/")]


class _Form(msgspec.Struct):
    backup_format: int


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was looked at."""

    path: Path
    size: int
    manifest: Manifest


def write_member(archive: zipfile.ZipFile, name: str, content: IO[bytes]) -> Member:
    """Add one file and say what it is."""
    digest, size = hashlib.sha256(), 0
    with archive.open(name, "w", force_zip64=True) as member:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            member.write(chunk)
    return Member(name, size, digest.hexdigest())


def verify(path: Path, on_step: OnStep | None = None) -> Backup:
    """Read all of a backup and compare it with its manifest.

    Raises ``StoreFailed`` FG-backup-damaged, which names the first file that is not what it must
    be, or FG-backup-newer; ``UserMistake`` FG-backup-unknown for a file that is no backup.
    """
    with open_backup(path) as (archive, manifest):
        for done, member in enumerate(manifest.files, start=1):
            for _ in chunks_of(path, archive, member):
                pass
            if on_step:
                on_step("checked", done, len(manifest.files))
    return Backup(path, path.stat().st_size, manifest)


@contextmanager
def open_backup(path: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """A backup with its manifest, which names exactly the files that are there; raises as
    ``verify`` does.
    """
    try:
        with path.open("rb") as file:
            if file.read(4) not in (b"PK\3\4", b"PK\5\6"):
                raise _unknown(path, "it is no ZIP file")
            with zipfile.ZipFile(file) as archive:
                manifest = _manifest(path, archive)
                _hold_names(path, archive, manifest)
                yield archive, manifest
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
        raise _damaged(path, "the backup is cut off or damaged", str(error)) from error


def _manifest(path: Path, archive: zipfile.ZipFile) -> Manifest:
    if MANIFEST not in archive.namelist():
        raise _unknown(path, f"no {MANIFEST} is in it")
    try:
        content = archive.read(MANIFEST)
        form = msgspec.json.decode(content, type=_Form).backup_format
        if form > BACKUP_FORMAT:
            raise StoreFailed(
                "FG-backup-newer",
                f"the backup was made by a newer fitglue (form {form}, this one knows "
                f"{BACKUP_FORMAT})",
                at=Place(str(path)),
                fix="upgrade fitglue-registry",
            )
        return msgspec.json.decode(content, type=Manifest)
    except (
        msgspec.DecodeError,
        zipfile.BadZipFile,
        OSError,
        EOFError,
        ValueError,
        zlib.error,
        NotImplementedError,
    ) as error:
        raise _damaged(path, f"{MANIFEST} of the backup is damaged", str(error)) from error


def _hold_names(path: Path, archive: zipfile.ZipFile, manifest: Manifest) -> None:
    promised = [member.name for member in manifest.files]
    odd = [name for name in promised if not _NAME.match(name)]
    there = sorted(archive.namelist())
    if odd or len(set(promised)) != len(promised):
        raise _damaged(
            path,
            f"{MANIFEST} of the backup is damaged",
            f"it names {odd[0]!r}" if odd else "it names a file twice",
        )
    if there != sorted([*promised, MANIFEST]):
        first = next(iter(sorted(set(there) ^ {*promised, MANIFEST})), there[0])
        raise _damaged(
            path,
            f"{first} of the backup is {'missing' if first in promised else 'not in its manifest'}",
            None,
        )


def chunks_of(path: Path, archive: zipfile.ZipFile, member: Member) -> Iterator[bytes]:
    """The content of a file, chunk by chunk; raises after the last where it is not what the
    manifest says.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with archive.open(member.name) as file:
            while size <= member.size and (chunk := file.read(_CHUNK)):
                digest.update(chunk)
                size += len(chunk)
                yield chunk
    except (
        zipfile.BadZipFile,
        OSError,
        EOFError,
        ValueError,
        zlib.error,
        NotImplementedError,
    ) as error:
        raise _damaged(path, f"{member.name} of the backup is damaged", str(error)) from error
    if (size, digest.hexdigest()) != (member.size, member.sha256):
        raise _damaged(
            path,
            f"{member.name} of the backup is damaged",
            "its size or its hash is not what the manifest says",
        )


def _damaged(path: Path, what: str, why: str | None) -> StoreFailed:
    return StoreFailed("FG-backup-damaged", what, at=Place(str(path)), why=why, fix=_OLDER)


def _unknown(path: Path, why: str) -> UserMistake:
    return UserMistake(
        "FG-backup-unknown",
        "this is no backup of fitglue",
        at=Place(str(path)),
        why=why,
        fix="name a file that `fitglue backup make` wrote",
    )
