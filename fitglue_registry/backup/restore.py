"""Brings a store back from a backup: everything is checked and laid beside first, and one rename
makes it the store.

Killed anywhere, the folder holds the old database whole or the new one whole, and the same command
goes on. What is replaced is moved aside, never deleted. Original files are kept by their content,
so those of both stay where they are.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.backup.database_file import (
    check_integrity,
    hold_known,
    row_counts,
    sqlite_file,
    store_format,
)
from fitglue_registry.backup.format import (
    DATABASE,
    RESTORE_LEFT,
    Backup,
    chunks_of,
    open_backup,
    verify,
)
from fitglue_registry.durable import make_folder, sync_folder, write_whole
from fitglue_registry.errors import Busy, Place, StoreFailed, UserMistake

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator

    from fitglue_registry.backup.format import Manifest, OnStep
    from fitglue_registry.store.blobs import BlobStore
    from fitglue_registry.store.database import Database


@dataclass(frozen=True, slots=True)
class Restored:
    """The backup that is the store now, and where the one before it lies."""

    backup: Backup
    aside: Path | None
    without_key: tuple[str, ...] = ()  # connections whose key is not on this machine


def restore(
    path: Path,
    home: Path,
    database: Database,
    blobs: BlobStore,
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
    say = on_step or (lambda *_: None)
    backup = verify(path, say)
    _hold_format(backup, database)
    target = database.path
    if target is not None and target.exists() and not replace:
        raise UserMistake(
            "FG-home-holds-data",
            "there is a database already",
            at=Place(str(target)),
            why="a restore overwrites nothing",
            fix="add --replace, and the old one is moved aside; or set FITGLUE_HOME to another "
            "folder",
        )
    database.close()
    try:
        with ExitStack() as held, open_backup(path) as (archive, manifest):
            if target is None:
                _blobs(path, archive, manifest, blobs, say)
                return Restored(backup, None)
            make_folder(target.parent)
            held.enter_context(_no_sync(target.parent / "locks"))
            unpacked = held.enter_context(_unpacked(path, archive, manifest, target.parent))
            _blobs(path, archive, manifest, blobs, say)
            aside = _unused(target.parent, f"replaced-{now[:19].replace(':', '').replace('-', '')}")
            if target.exists():
                _bring_to_rest(target, aside)
                if not manifest.named("secrets"):
                    _take_over_keys(target, unpacked)
            _secrets(path, archive, manifest, home / "secrets", aside / "secrets")
            _switch(unpacked, target, aside)
            return Restored(backup, aside if aside.exists() else None)
    except OSError as error:
        raise StoreFailed(
            "FG-restore-failed",
            "the backup cannot be restored",
            at=Place(str(error.filename or target or path)),
            why=error.strerror or str(error),
            fix="make room, give yourself the right to write, and run the same command again",
        ) from error


def _hold_format(backup: Backup, database: Database) -> None:
    manifest = backup.manifest
    if manifest.database != database.dialect:
        raise UserMistake(
            "FG-backup-other-database",
            f"the backup is of a store in {manifest.database}, this one is in {database.dialect}",
            at=Place(str(backup.path)),
            fix="correct FITGLUE_DATABASE",
        )
    hold_known(manifest.store_format, "backup", backup.path)


@contextmanager
def _no_sync(locks: Path) -> Iterator[None]:
    """Hold the locks of all connections that were ever synced here; raises ``Busy``
    FG-sync-running.
    """
    from filelock import FileLock, Timeout

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


@contextmanager
def _unpacked(
    path: Path, archive: zipfile.ZipFile, manifest: Manifest, beside: Path
) -> Iterator[Path]:
    """The database of a backup, laid beside where it will be and looked through."""
    # Of a restore that was killed; another one would hold the locks or be the same.
    for left in beside.glob(f"{RESTORE_LEFT}*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(dir=beside, prefix=RESTORE_LEFT))
    try:
        unpacked = folder / DATABASE
        member = next(member for member in manifest.files if member.name == DATABASE)
        with unpacked.open("xb") as file:
            for chunk in chunks_of(path, archive, member):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        unpacked.chmod(0o600)
        with sqlite_file(unpacked) as connection:
            check_integrity(connection, str(path))
            if (store_format(connection), row_counts(connection)) != (
                manifest.store_format,
                manifest.rows,
            ):
                raise StoreFailed(
                    "FG-backup-damaged",
                    "the database of the backup is not what its manifest says",
                    at=Place(str(path)),
                    fix="take an older backup",
                )
        yield unpacked
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _blobs(
    path: Path, archive: zipfile.ZipFile, manifest: Manifest, blobs: BlobStore, say: OnStep
) -> None:
    """Put every original file; one that is there and whole is left as it is, a damaged one is
    mended.
    """
    members = manifest.named("blobs")
    for done, member in enumerate(members, start=1):
        blobs.put(b"".join(chunks_of(path, archive, member)))
        say("original files", done, len(members))


def _secrets(
    path: Path, archive: zipfile.ZipFile, manifest: Manifest, folder: Path, aside: Path
) -> None:
    """Write the keys of the backup; a key file that is another one is kept aside with what it
    opens.
    """
    # The key before what it opens.
    members = sorted(manifest.named("secrets"), key=lambda member: member.name, reverse=True)
    contents = {
        folder / member.name.rpartition("/")[2]: b"".join(chunks_of(path, archive, member))
        for member in members
    }
    new = {
        file: content
        for file, content in contents.items()
        if not file.is_file() or file.read_bytes() != content
    }
    if any(file.suffix == ".key" and file.is_file() for file in new):
        make_folder(aside)
        for file in [*folder.glob("*.sealed"), *folder.glob("secrets.key")]:
            _keep(file, aside / file.name)
        sync_folder(aside)
    if new:
        make_folder(folder)
    for file, content in new.items():
        write_whole(file, content)


def _bring_to_rest(target: Path, aside: Path) -> None:
    """Fold the log of the old database into it; refused while another program has it open, since
    that would go on writing.
    """
    make_folder(aside)
    # First: SQLite takes away a log that it cannot read, and somebody may still be able to.
    for log in _logs(target):
        if log.exists():
            _keep(log, aside / log.name)
    with suppress(sqlite3.DatabaseError):  # a damaged one goes aside with its log as it is
        connection = sqlite3.connect(
            f"{target.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=1.0
        )
        try:
            connection.execute("PRAGMA journal_mode=DELETE")
            for log in _logs(target):
                (aside / log.name).unlink(missing_ok=True)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            shutil.rmtree(aside)
            raise StoreFailed(
                "FG-store-locked",
                "another program has the database open",
                at=Place(str(target)),
                why=str(error),
                fix="close it and run the same command again",
            ) from error
        finally:
            connection.close()


def _take_over_keys(old: Path, unpacked: Path) -> None:
    """A backup without keys names those of its day: a connection that has another one since keeps
    that.
    """
    with suppress(sqlite3.DatabaseError):  # an old database that cannot be read has none to give
        with closing(sqlite3.connect(f"{old.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            known = connection.execute("SELECT secret_ref, id FROM fg_connections").fetchall()
        with closing(sqlite3.connect(unpacked)) as connection:
            connection.executemany("UPDATE fg_connections SET secret_ref = ? WHERE id = ?", known)
            connection.commit()
    with unpacked.open("rb+") as file:
        os.fsync(file.fileno())


def _switch(unpacked: Path, target: Path, aside: Path) -> None:
    """Give the old database a second name, and the new one its name."""
    if target.exists():
        _keep(target, aside / target.name)
        sync_folder(aside)
    for log in _logs(target):  # one that outlived its database would be played into the new one
        log.unlink(missing_ok=True)
    unpacked.replace(target)
    sync_folder(target.parent)


def _logs(target: Path) -> list[Path]:
    return [target.with_name(f"{target.name}{ending}") for ending in ("-wal", "-shm", "-journal")]


def _unused(folder: Path, name: str) -> Path:
    """A name that nothing has: clocks go wrong, and what was moved aside once is never moved
    over.
    """
    names = (folder / name, *(folder / f"{name}-{number}" for number in range(2, 10_000)))
    return next(path for path in names if not path.exists())


def _keep(file: Path, as_: Path) -> None:
    """A second name for the same file, so that at no moment there is none; a copy where the disk
    knows no second names.
    """
    try:
        os.link(file, as_)
    except OSError:
        shutil.copy2(file, as_)
