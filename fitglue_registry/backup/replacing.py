"""Replaces the old store by the unpacked one, and keeps every old file in a folder beside it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from itertools import count
from typing import TYPE_CHECKING

from fitglue_registry.durable import make_folder, sync_folder, write_atomically
from fitglue_registry.errors import Place, StoreFailed

if TYPE_CHECKING:
    from pathlib import Path

    from fitglue_registry.backup.opened import OpenBackup


def unused_folder(parent: Path, now: str) -> Path:
    """Return the path of a folder that does not exist, named after the moment.

    If a clock was set back, the name may be taken; what was moved aside once is never overwritten.
    """
    moment = now[:19].replace(":", "").replace("-", "")
    folder = parent / f"replaced-{moment}"
    for number in count(2):
        if not folder.exists():
            break
        folder = parent / f"replaced-{moment}-{number}"
    return folder


def checkpoint_database(database: Path, aside: Path) -> None:
    """Write the log of the old database into its file, so that the file is complete on its own.

    Raises:
        StoreFailed: FG-store-locked while another program has the database open, because that
            program would continue to write to the file after it was moved aside.
    """
    make_folder(aside)
    # Before SQLite opens the database: it deletes a log that it cannot read, and another tool may
    # still be able to recover rows from it.
    for log in _logs(database):
        if log.exists():
            _link_or_copy(log, aside / log.name)
    with suppress(sqlite3.DatabaseError):  # a damaged database is moved aside together with its log
        _checkpoint(database, aside)


def _checkpoint(database: Path, aside: Path) -> None:
    address = f"{database.resolve().as_uri()}?mode=rw"
    connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=1.0)
    try:
        # SQLite writes the log into the file and deletes it, which requires that nobody else has
        # the database open.
        connection.execute("PRAGMA journal_mode=DELETE")
        for log in _logs(database):
            (aside / log.name).unlink(missing_ok=True)
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        shutil.rmtree(aside)  # nothing was replaced, so nothing is aside
        raise StoreFailed(
            "FG-store-locked",
            "another program has the database open",
            at=Place(str(database)),
            why=str(error),
            fix="close it and run the same command again",
        ) from error
    finally:
        connection.close()


def keep_secret_refs(old: Path, unpacked: Path) -> None:
    """Copy the references to secrets from the old database into the unpacked one.

    A backup without secrets names those that the connections had when it was made. If a connection
    got a new secret since, only the new one still exists.
    """
    # If the old database cannot be read, the references of the backup stay.
    with suppress(sqlite3.DatabaseError):
        address = f"{old.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            known = connection.execute("SELECT secret_ref, id FROM fg_connections").fetchall()
        with closing(sqlite3.connect(unpacked)) as connection:
            connection.executemany("UPDATE fg_connections SET secret_ref = ? WHERE id = ?", known)
            connection.commit()
    with unpacked.open("rb+") as file:
        os.fsync(file.fileno())


def replace_secrets(
    opened: OpenBackup,
    folder: Path,
    aside: Path,
) -> tuple[str, ...]:
    """Write the secrets of the backup into the folder, and return the tokens of those that are new.

    If the key file of the backup is a different one, the old key file and all secrets that it opens
    are kept in ``aside``.
    """
    new = _new_secrets(opened, folder)
    if not new:
        return ()
    if any(file.suffix == ".key" and file.is_file() for file in new):
        make_folder(aside)
        for file in [*folder.glob("*.sealed"), *folder.glob("secrets.key")]:
            _link_or_copy(file, aside / file.name)
        sync_folder(aside)
    make_folder(folder)
    for file, content in new.items():
        write_atomically(file, content)
    return tuple(file.stem for file in new if file.suffix == ".sealed")


def _new_secrets(opened: OpenBackup, folder: Path) -> dict[Path, bytes]:
    """Return the secret files of the backup that are missing in the folder or differ."""
    # "secrets.key" comes last in the alphabet, and must be written before the files that it opens.
    members = sorted(
        opened.manifest.named("secrets"),
        key=lambda member: member.name,
        reverse=True,
    )
    new = {}
    for member in members:
        file = folder / member.name.rpartition("/")[2]
        content = opened.content(member)
        if not file.is_file() or file.read_bytes() != content:
            new[file] = content
    return new


def replace_database(
    unpacked: Path,
    target: Path,
    aside: Path,
) -> None:
    """Put the unpacked database in place of the old one, which gets a second name in ``aside``.

    Killed before the rename, the old database is in place; killed after it, the new one.
    """
    if target.exists():
        _link_or_copy(target, aside / target.name)
        sync_folder(aside)
    # SQLite would apply a log that was left behind to the new database, and damage it.
    for log in _logs(target):
        log.unlink(missing_ok=True)
    unpacked.replace(target)
    sync_folder(target.parent)


def put_back(
    target: Path,
    aside: Path,
    secrets: Path,
    old_secrets: Path,
) -> None:
    """Put the old database and its secrets back in place of the restored ones.

    Args:
        target: The place of the database.
        aside: The folder with the old database, which stays.
        secrets: The folder of secrets.
        old_secrets: The folder with the old secrets, if they were replaced.
    """
    for log in _logs(target):
        log.unlink(missing_ok=True)
    if (aside / target.name).exists():
        # A link to it would be replaced in one step, too, but the two would stay one file.
        returned = target.with_name(f"{target.name}.returned")
        shutil.copy2(aside / target.name, returned)
        returned.replace(target)
    else:
        target.unlink(missing_ok=True)
    if old_secrets.is_dir():
        for file in old_secrets.iterdir():
            write_atomically(secrets / file.name, file.read_bytes())
    sync_folder(target.parent)


def _logs(database: Path) -> list[Path]:
    return [
        database.with_name(f"{database.name}{ending}") for ending in ("-wal", "-shm", "-journal")
    ]


def _link_or_copy(file: Path, as_: Path) -> None:
    """Give a file a second name, or copy it if the file system has no hard links.

    Unlike a move, this leaves no moment at which the file is missing from its place.
    """
    try:
        os.link(file, as_)
    except OSError:
        shutil.copy2(file, as_)
