"""Restores a store from a backup: everything is checked and laid beside first, and one rename makes
it the store.

Killed anywhere, the folder holds the old database whole or the new one whole, and the same command
goes on. What is replaced is moved aside, never deleted. Original files are kept by their content,
so those of both stay where they are.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from fitglue_registry.backup.database_file import check_known
from fitglue_registry.backup.opened import Backup, no_step, open_backup, verify
from fitglue_registry.backup.replacing import (
    bring_to_rest,
    keep_secret_refs,
    replace_database,
    replace_secrets,
    unused_folder,
)
from fitglue_registry.backup.unpacking import unpacked_database
from fitglue_registry.durable import make_folder
from fitglue_registry.errors import Busy, Place, StoreFailed, UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fitglue_registry.backup.opened import OnStep, OpenBackup
    from fitglue_registry.backup.store_files import StoreFiles
    from fitglue_registry.store.blobs import BlobStore
    from fitglue_registry.store.database import Database


#: The folder of keys in the folder of what was moved aside.
_SECRETS = "secrets"


@dataclass(frozen=True, slots=True)
class Restored:
    """The backup that is the store now, and where the one before it lies."""

    backup: Backup
    aside: Path | None
    without_key: tuple[str, ...] = ()  # connections whose key is not on this machine

    @property
    def aside_has_secrets(self) -> bool:
        """Whether keys that open accounts lie beside the store that was moved aside."""
        return self.aside is not None and (self.aside / _SECRETS).exists()


def restore(
    path: Path,
    store: StoreFiles,
    now: str,
    *,
    replace: bool = False,
    on_step: OnStep | None = None,
) -> Restored:
    """Make the store what it was in the backup at ``path``; with ``replace`` a database that is
    there is moved aside.

    Raises what ``verify`` does; ``UserMistake`` FG-home-holds-data, FG-backup-other-database;
    ``Busy`` while a sync is at work; ``StoreFailed`` FG-store-newer, FG-store-locked,
    FG-restore-failed. The store is then what it was.
    """
    say = on_step or no_step
    backup = verify(path, say)
    _check_fits(backup, store.database)
    target = store.database.path
    if target is not None and not replace:
        _check_free(target)
    store.database.close()
    aside = None
    try:
        with open_backup(path) as opened:
            if target is None:
                _restore_originals(opened, store.blobs, say)
            else:
                aside = _restore_files(opened, store, target, now, say)
    except OSError as error:
        raise StoreFailed(
            "FG-restore-failed",
            "the backup cannot be restored",
            at=Place(str(error.filename or target or path)),
            why=error.strerror or str(error),
            fix="make room, give yourself the right to write, and run the same command again",
        ) from error
    return Restored(backup, aside)


def _check_fits(backup: Backup, database: Database) -> None:
    manifest = backup.manifest
    if manifest.database != database.dialect:
        raise UserMistake(
            "FG-backup-other-database",
            f"the backup is of a store in {manifest.database}, this one is in {database.dialect}",
            at=Place(str(backup.path)),
            fix="correct FITGLUE_DATABASE",
        )
    check_known(manifest.store_format, "backup", backup.path)


def _check_free(target: Path) -> None:
    if target.exists():
        raise UserMistake(
            "FG-home-holds-data",
            "there is a database already",
            at=Place(str(target)),
            why="a restore overwrites nothing",
            fix="add --replace, and the old one is moved aside; or set FITGLUE_HOME to another "
            "folder",
        )


def _restore_files(
    opened: OpenBackup,
    store: StoreFiles,
    target: Path,
    now: str,
    say: OnStep,
) -> Path | None:
    """Restore everything; return the folder in which the old store lies, if there was one."""
    folder = target.parent
    make_folder(folder)
    with _no_sync(folder / "locks"), unpacked_database(opened, folder) as unpacked:
        _restore_originals(opened, store.blobs, say)
        aside = unused_folder(folder, now)
        if target.exists():
            bring_to_rest(target, aside)
            if not opened.manifest.named("secrets"):
                keep_secret_refs(target, unpacked)
        replace_secrets(opened, store.secrets, aside / _SECRETS)
        replace_database(unpacked, target, aside)
    return aside if aside.exists() else None


def _restore_originals(
    opened: OpenBackup,
    blobs: BlobStore,
    say: OnStep,
) -> None:
    """Put every original file; one that is there and whole is left as it is, a damaged one is
    repaired.
    """
    members = opened.manifest.named("blobs")
    for done, member in enumerate(members, start=1):
        blobs.put(opened.content(member))
        say("original files", done, len(members))


@contextmanager
def _no_sync(locks: Path) -> Iterator[None]:
    """Hold the locks of all connections that were ever synced here; raises ``Busy``
    FG-sync-running.
    """
    with ExitStack() as held:
        for lock in sorted(locks.glob("*.lock")):
            try:
                held.enter_context(FileLock(lock, timeout=0))
            except Timeout:
                raise Busy(
                    "FG-sync-running",
                    "a connection is being synced",
                    at=Place(str(lock)),
                    fix="wait until it has finished, or stop it",
                ) from None
        yield
