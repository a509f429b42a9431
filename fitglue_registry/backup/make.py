"""Makes a backup while others work: a snapshot of the database, the original files that it names,
and secrets only where they are asked for.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry._version import __version__
from fitglue_registry.backup.manifest import BACKUP_FORMAT, DATABASE, Manifest, Member
from fitglue_registry.backup.opened import Backup, no_step, verify
from fitglue_registry.backup.snapshot import take_snapshot
from fitglue_registry.backup.writing import write_backup
from fitglue_registry.durable import sync_folder
from fitglue_registry.errors import FitglueError, Place, StoreFailed, UserMistake
from fitglue_registry.secrets.file_store import FileSecretStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.backup.opened import OnStep
    from fitglue_registry.backup.snapshot import Snapshot
    from fitglue_registry.backup.store_files import StoreFiles
    from fitglue_registry.backup.writing import BackupWriter
    from fitglue_registry.store.blobs import BlobStore

_UNFINISHED = ".unfinished-fitglue-backup-"
_FORGOTTEN_S = 86_400.0


def make(
    path: Path,
    store: StoreFiles,
    now: str,
    *,
    with_secrets: bool = False,
    on_step: OnStep | None = None,
) -> Backup:
    """Write a backup to ``path``, read it again, and only then give it its name.

    Raises ``UserMistake`` FG-backup-exists or FG-nothing-to-back-up, ``StoreFailed`` where the
    store is damaged or newer, or where there is no room; nothing is left behind then.
    """
    _check_free(path)
    say = on_step or no_step
    try:
        with _unfinished_folder(path) as folder:
            unfinished = folder / "backup.zip"
            snapshot = take_snapshot(store.database, folder, say)
            with write_backup(unfinished) as writer:
                _add_database(writer, snapshot)
                absent = _add_originals(writer, store.blobs, snapshot, say)
                secrets = 0
                if with_secrets:
                    secrets = _add_secrets(writer, store.secrets, snapshot)
                contents = _Contents(tuple(writer.members), tuple(absent), secrets)
                writer.finish(_manifest(contents, snapshot, store.database.dialect, now))
            made = verify(unfinished, say)
            _check_free(path)
            unfinished.replace(path)
            sync_folder(path.parent)
    except OSError as error:
        raise StoreFailed(
            "FG-backup-not-written",
            "the backup cannot be written",
            at=Place(str(path)),
            why=error.strerror or str(error),
            fix="name a place that exists and is yours, with twice the room of the database",
        ) from error
    return Backup(path, made.size, made.manifest)


@dataclass(frozen=True, slots=True)
class _Contents:
    """What is in a backup, the original files that are not, and how many secrets are."""

    files: tuple[Member, ...]
    absent: tuple[str, ...]
    secrets: int


def _manifest(
    contents: _Contents,
    snapshot: Snapshot,
    dialect: str,
    now: str,
) -> Manifest:
    return Manifest(
        backup_format=BACKUP_FORMAT,
        made_at=now,
        host_version=__version__,
        database=dialect,
        store_format=snapshot.store_format,
        rows=snapshot.rows,
        secrets=contents.secrets,
        secrets_left_out=len(snapshot.secret_refs) - contents.secrets,
        absent=contents.absent,
        files=contents.files,
    )


def _check_free(path: Path) -> None:
    if path.exists():
        raise UserMistake(
            "FG-backup-exists",
            "there is a file of that name already",
            at=Place(str(path)),
            why="a backup never overwrites anything",
            fix="name another file, or a folder",
        )


@contextmanager
def _unfinished_folder(path: Path) -> Iterator[Path]:
    """Make a folder beside the backup that goes with the end, and with it what killed ones left a
    day ago or longer.
    """
    for left in path.parent.glob(f"{_UNFINISHED}*"):
        if time.time() - left.stat().st_mtime > _FORGOTTEN_S:
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=_UNFINISHED))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _add_database(writer: BackupWriter, snapshot: Snapshot) -> None:
    if snapshot.file is None:
        return
    with snapshot.file.open("rb") as file:
        writer.add(DATABASE, file)
    snapshot.file.unlink()


def _add_originals(
    writer: BackupWriter,
    blobs: BlobStore,
    snapshot: Snapshot,
    say: OnStep,
) -> list[str]:
    """Add the original files; return those that are not there.

    Whatever the snapshot names was put before its row; what is gone all the same was lost before,
    or its connection removed since.
    """
    absent = []
    for done, sha256 in enumerate(snapshot.blobs, start=1):
        try:
            content = blobs.get(sha256)
        except FitglueError:
            absent.append(sha256)
            continue
        writer.add_bytes(f"blobs/{sha256[:2]}/{sha256[2:4]}/{sha256}", content)
        say("original files", done, len(snapshot.blobs))
    return absent


def _add_secrets(
    writer: BackupWriter,
    folder: Path,
    snapshot: Snapshot,
) -> int:
    """Add the key file and the sealed files that the connections name; return how many secrets that
    are. What lies in a keyring cannot be taken along.
    """
    files = FileSecretStore(folder).files_of(snapshot.secret_refs)
    for name, content in files.items():
        writer.add_bytes(f"secrets/{name}", content)
    return sum(name.endswith(".sealed") for name in files)
