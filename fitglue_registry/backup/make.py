"""Makes a backup while other processes work on the store.

A backup consists of a snapshot of the database, the original files that the snapshot names, and, if
asked for, the secrets.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry._version import __version__
from fitglue_registry.abandoned import unfinished_folder
from fitglue_registry.backup.manifest import (
    BACKUP_FORMAT,
    DATABASE,
    MOST_ORIGINALS,
    Manifest,
    Member,
)
from fitglue_registry.backup.opened import Backup, ignore_step
from fitglue_registry.backup.snapshot import take_snapshot
from fitglue_registry.backup.verify import verify
from fitglue_registry.backup.writing import write_backup
from fitglue_registry.durable import sync_folder
from fitglue_registry.errors import FitglueError, Place, StoreFailed, UserMistake
from fitglue_registry.secrets.file_store import FileSecretStore
from fitglue_registry.unfinished_files import publish

if TYPE_CHECKING:
    from pathlib import Path

    from fitglue_registry.backup.opened import OnStep
    from fitglue_registry.backup.snapshot import Snapshot
    from fitglue_registry.backup.store_files import StoreFiles
    from fitglue_registry.backup.writing import BackupWriter
    from fitglue_registry.store.blobs import BlobStore


def make(
    path: Path,
    store: StoreFiles,
    now: str,
    *,
    with_secrets: bool = False,
    on_step: OnStep | None = None,
) -> Backup:
    """Write a backup, verify it, and only then give it its name.

    Killed at any moment, it leaves a complete backup at ``path`` or none. An unfinished folder that
    stays behind is removed by a later backup.

    Args:
        path: The file to write; it must not exist.
        store: What is backed up.
        now: The moment that the manifest states.
        with_secrets: Include the encrypted secrets and their key file.
        on_step: Called to report progress.

    Returns:
        The backup, after it was read again and verified.

    Raises:
        UserMistake: FG-backup-exists, FG-nothing-to-back-up or FG-backup-too-many-files.
        StoreFailed: The store is damaged, was changed by another program or has a newer format, or
            the backup cannot be written; nothing is left behind.
    """
    _check_free(path)
    report = on_step or ignore_step
    try:
        with unfinished_folder(path.parent, "backup") as folder:
            unfinished = folder / "backup.zip"
            snapshot = take_snapshot(store.database, folder, report)
            _check_number(snapshot)
            with write_backup(unfinished) as writer:
                _add_database(writer, snapshot)
                absent = _add_originals(writer, store.blobs, snapshot, report)
                secrets = 0
                if with_secrets:
                    secrets = _add_secrets(writer, store, snapshot)
                known = len(snapshot.secret_refs) + len(store.apps)
                contents = _Contents(
                    tuple(writer.members),
                    tuple(absent),
                    secrets,
                    known - secrets,
                )
                writer.finish(_manifest(contents, snapshot, store.database.dialect, now))
            made = verify(unfinished, folder, report)
            try:
                publish(unfinished, path)
            except FileExistsError:  # another process has written a file of this name meanwhile
                raise _exists(path) from None
            sync_folder(path.parent)
    except OSError as error:
        raise StoreFailed(
            "FG-backup-not-written",
            "the backup cannot be written",
            at=Place(str(path)),
            why=error.strerror or str(error),
            fix="choose a folder that exists and belongs to you, with free space for twice the "
            "size of the database",
        ) from error
    return Backup(path, made.size, made.manifest)


@dataclass(frozen=True, slots=True)
class _Contents:
    """The contents of a backup that is being made."""

    files: tuple[Member, ...]
    absent: tuple[str, ...]  # the hashes of original files that the store has lost
    secrets: int  # how many secrets are included
    secrets_left_out: int  # how many are not


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
        secrets_left_out=contents.secrets_left_out,
        absent=contents.absent,
        left_out=tuple(snapshot.left_out),
        files=contents.files,
    )


def _check_free(path: Path) -> None:
    # A link to nothing counts, too: a file with its name would replace it.
    if os.path.lexists(path):
        raise _exists(path)


def _exists(path: Path) -> UserMistake:
    return UserMistake(
        "FG-backup-exists",
        "a file with that name already exists",
        at=Place(str(path)),
        why="a backup never overwrites a file",
        fix="choose another name, or a folder",
    )


def _check_number(snapshot: Snapshot) -> None:
    if len(snapshot.blobs) > MOST_ORIGINALS:
        raise UserMistake(
            "FG-backup-too-many-files",
            f"the store has {len(snapshot.blobs):,} original files; a backup can contain "
            f"{MOST_ORIGINALS:,}",
            why="their list has to fit into a manifest that is small enough to be checked",
            fix="copy the complete data folder while no other program uses it",
        )


def _add_database(writer: BackupWriter, snapshot: Snapshot) -> None:
    if snapshot.file is None:
        return
    with snapshot.file.open("rb") as file:
        writer.add(DATABASE, file)
    snapshot.file.unlink()  # frees the space before the original files are added


def _add_originals(
    writer: BackupWriter,
    blobs: BlobStore,
    snapshot: Snapshot,
    report: OnStep,
) -> list[str]:
    """Add the original files that the snapshot names, and return the hashes of missing ones.

    An original file is stored before its row, so the files of the snapshot exist. If one is missing
    nevertheless, the store had lost it, or its connection was removed since the snapshot. A backup
    without it is better than none.
    """
    absent = []
    for done, sha256 in enumerate(snapshot.blobs, start=1):
        try:
            content = blobs.get(sha256)
        except FitglueError:
            absent.append(sha256)
            continue
        writer.add_bytes(f"blobs/{sha256[:2]}/{sha256[2:4]}/{sha256}", content)
        report("original files", done, len(snapshot.blobs))
    return absent


def _add_secrets(
    writer: BackupWriter,
    store: StoreFiles,
    snapshot: Snapshot,
) -> int:
    """Add the key file and the encrypted secrets of the connections and apps; return how many.

    Without its app, a connection could not renew its permission. Secrets in a keyring cannot be
    included.
    """
    refs = [*snapshot.secret_refs, *store.apps]
    files = FileSecretStore(store.secrets).files_of(refs)
    for name, content in files.items():
        writer.add_bytes(f"secrets/{name}", content)
    return sum(name.endswith(".sealed") for name in files)
