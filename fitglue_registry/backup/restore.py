"""Restores a store from a backup.

Everything is verified and unpacked beside the store first, and one rename replaces the database.
Killed at any moment, the folder contains the complete old database or the complete new one, and the
same command can be run again. What is replaced is moved aside, never deleted. Original files are
addressed by their content, so those of both stores can be in the same folder.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from filelock import Timeout

from fitglue_registry.backup.opened import Backup, ignore_step, open_backup, read_all
from fitglue_registry.backup.replacing import (
    checkpoint_database,
    keep_secret_refs,
    put_back,
    replace_database,
    replace_secrets,
    unused_folder,
)
from fitglue_registry.backup.unpacking import unpacked_database
from fitglue_registry.durable import make_folder, private_lock
from fitglue_registry.errors import Busy, FitglueError, Place, StoreFailed, UserMistake
from fitglue_registry.store.connections import list_connections

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fitglue_registry.backup.opened import OnStep, OpenBackup
    from fitglue_registry.backup.store_files import StoreFiles
    from fitglue_registry.store.blobs import BlobStore
    from fitglue_registry.store.database import Database
    from fitglue_registry.transport.origin import OtherAddress


#: The subfolder for secrets in the folder of replaced files.
_SECRETS = "secrets"


@dataclass(frozen=True, slots=True)
class Choices:
    """What the athlete has asked for."""

    replace: bool = False  # move a database that exists aside; otherwise, it is an error
    with_secrets: bool = False  # install the secrets of the backup and their key file


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a backup is restored into SQLite."""

    target: Path
    now: str
    choices: Choices


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of a restore."""

    backup: Backup  # what is the store now
    aside: Path | None  # the folder with the files that were replaced, if there were any
    without_key: tuple[str, ...] = ()  # the connections whose secret is not on this machine
    # The addresses of connections that are not those of their entries.
    other_addresses: tuple[OtherAddress, ...] = ()
    secrets_left_out: int = 0  # how many secrets of the backup were not installed
    secrets_installed: tuple[str, ...] = ()  # the tokens of those that were
    key_file_left_out: bool = False  # whether the backup has a key file that was not installed

    @property
    def aside_has_secrets(self) -> bool:
        """Whether the folder of replaced files contains keys that open accounts."""
        return self.aside is not None and (self.aside / _SECRETS).exists()


def restore(
    path: Path,
    store: StoreFiles,
    now: str,
    *,
    choices: Choices | None = None,
    on_step: OnStep | None = None,
) -> Restored:
    """Restore a store from a backup.

    If an error is raised, the store is unchanged.

    Args:
        path: The backup.
        store: The store to restore into.
        now: The current time, which becomes part of the name of the folder of replaced files.
        choices: What the athlete has asked for.
        on_step: Called to report progress.

    Raises:
        UserMistake: FG-home-holds-data, FG-backup-other-database, or what ``verify`` raises.
        Busy: FG-sync-running while a connection is being synced.
        StoreFailed: FG-store-newer, FG-store-locked, FG-restore-failed, or what ``verify`` raises.
    """
    report = on_step or ignore_step
    backup = read_all(path, report)
    _check_fits(backup, store.database)
    target = store.database.path
    choices = choices or Choices()
    if target is not None and not choices.replace:
        _check_free(target)
    # This process must not keep the old file open while it is replaced.
    store.database.close()
    aside = None
    installed: tuple[str, ...] = ()
    try:
        with open_backup(path) as opened:
            if target is None:
                _restore_originals(opened, store.blobs, report)
            else:
                aside, installed = _restore_files(
                    opened, store, _Plan(target, now, choices), report
                )
    except OSError as error:
        raise StoreFailed(
            "FG-restore-failed",
            "the backup cannot be restored",
            at=Place(str(error.filename or target or path)),
            why=error.strerror or str(error),
            fix="free some space, give yourself permission to write, and run the command again",
        ) from error
    restored = Restored(backup, aside, secrets_installed=installed)
    if choices.with_secrets:
        return restored
    return replace(
        restored,
        secrets_left_out=backup.manifest.secrets,
        key_file_left_out=bool(backup.manifest.named("secrets")),
    )


def _check_fits(backup: Backup, database: Database) -> None:
    manifest = backup.manifest
    if manifest.database != database.dialect:
        raise UserMistake(
            "FG-backup-other-database",
            f"the backup was made from a store in {manifest.database}; this store is in "
            f"{database.dialect}",
            at=Place(str(backup.path)),
            fix="correct FITGLUE_DATABASE",
        )


def _check_free(target: Path) -> None:
    if target.exists():
        raise UserMistake(
            "FG-home-holds-data",
            "a database already exists",
            at=Place(str(target)),
            why="a restore never overwrites data",
            fix="add --replace to move the old database aside, or set FITGLUE_HOME to another "
            "folder",
        )


def _restore_files(
    opened: OpenBackup,
    store: StoreFiles,
    plan: _Plan,
    report: OnStep,
) -> tuple[Path | None, tuple[str, ...]]:
    """Restore a store in SQLite.

    Returns:
        The folder with the replaced files, if there are any, and the tokens of the secrets that
        were installed.
    """
    target = plan.target
    folder = target.parent
    # The key file of a backup is known to whoever made it, and would seal each new secret.
    installs_secrets = plan.choices.with_secrets and bool(opened.manifest.named("secrets"))
    make_folder(folder)
    # The order makes a kill harmless: original files come first, because a database does not notice
    # files that it does not name; the rename of the database, which decides, comes last.
    with _no_sync(folder / "locks"), unpacked_database(opened, folder) as unpacked:
        _restore_originals(opened, store.blobs, report)
        aside = unused_folder(folder, plan.now)
        if target.exists():
            checkpoint_database(target, aside)
            if not installs_secrets:
                keep_secret_refs(target, unpacked)
        installed: tuple[str, ...] = ()
        if installs_secrets:
            installed = replace_secrets(opened, store.secrets, aside / _SECRETS)
        replace_database(unpacked, target, aside)
        _prove(store, plan, aside)
    return (aside if aside.exists() else None), installed


def _prove(
    store: StoreFiles,
    plan: _Plan,
    aside: Path,
) -> None:
    """Open the restored database, and put the old one back if that fails.

    The first transaction also upgrades an older format.
    """
    try:
        with store.database.read() as db:
            list_connections(db)
    except Exception as error:
        store.database.close()
        put_back(plan.target, aside, store.secrets, aside / _SECRETS)
        if not isinstance(error, FitglueError):
            raise
        raise StoreFailed(
            "FG-restore-failed",
            "the restored database cannot be used, so everything is as it was before",
            at=Place(str(plan.target)),
            why=f"{error.what}: {error.why}" if error.why else error.what,
            fix="restore another backup",
        ) from error


def _restore_originals(
    opened: OpenBackup,
    blobs: BlobStore,
    report: OnStep,
) -> None:
    """Put every original file of the backup; this also repairs files that are damaged."""
    members = opened.manifest.named("blobs")
    for done, member in enumerate(members, start=1):
        blobs.put(opened.content(member))
        report("original files", done, len(members))


@contextmanager
def _no_sync(locks: Path) -> Iterator[None]:
    """Hold the locks of all connections that were ever synced here, so that no sync can begin.

    Raises:
        Busy: FG-sync-running if a sync holds one of them.
    """
    with ExitStack() as held:
        for lock in sorted(locks.glob("*.lock")):
            try:
                held.enter_context(private_lock(lock, timeout_s=0))
            except Timeout:
                raise Busy(
                    "FG-sync-running",
                    "a connection is being synced",
                    at=Place(str(lock)),
                    fix="wait until the sync has finished, or stop it",
                ) from None
        yield
