"""Puts what was unpacked in the place of the old store, of which every file stays aside."""

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


def unused_folder(beside: Path, now: str) -> Path:
    """Return a folder that is not there yet, named after the moment: clocks go wrong, and what was
    moved aside once is never moved over.
    """
    moment = now[:19].replace(":", "").replace("-", "")
    folder = beside / f"replaced-{moment}"
    for number in count(2):
        if not folder.exists():
            break
        folder = beside / f"replaced-{moment}-{number}"
    return folder


def bring_to_rest(database: Path, aside: Path) -> None:
    """Fold the log of the old database into it.

    Raises ``StoreFailed`` FG-store-locked while another program has it open, since that would go on
    writing.
    """
    make_folder(aside)
    # First: SQLite takes away a log that it cannot read, and somebody may still be able to.
    for log in _logs(database):
        if log.exists():
            _keep(log, aside / log.name)
    with suppress(sqlite3.DatabaseError):  # a damaged one goes aside with its log as it is
        _fold_log(database, aside)


def _fold_log(database: Path, aside: Path) -> None:
    address = f"{database.resolve().as_uri()}?mode=rw"
    connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=1.0)
    try:
        connection.execute("PRAGMA journal_mode=DELETE")
        for log in _logs(database):
            (aside / log.name).unlink(missing_ok=True)
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        shutil.rmtree(aside)
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
    """Let each connection keep the secret that it has now: a backup without keys names those of its
    day.
    """
    with suppress(sqlite3.DatabaseError):  # an old database that cannot be read has none to give
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
) -> None:
    """Write the keys of the backup; a key file that is another one is kept aside with what it
    opens.
    """
    new = _new_secrets(opened, folder)
    if not new:
        return
    if any(file.suffix == ".key" and file.is_file() for file in new):
        make_folder(aside)
        for file in [*folder.glob("*.sealed"), *folder.glob("secrets.key")]:
            _keep(file, aside / file.name)
        sync_folder(aside)
    make_folder(folder)
    for file, content in new.items():
        write_atomically(file, content)


def _new_secrets(opened: OpenBackup, folder: Path) -> dict[Path, bytes]:
    """Return the files of the backup that are not there, or differ from what is there."""
    # The key before what it opens.
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
    """Give the old database a second name, and the new one its name."""
    if target.exists():
        _keep(target, aside / target.name)
        sync_folder(aside)
    for log in _logs(target):  # one that outlived its database would be played into the new one
        log.unlink(missing_ok=True)
    unpacked.replace(target)
    sync_folder(target.parent)


def _logs(database: Path) -> list[Path]:
    return [
        database.with_name(f"{database.name}{ending}") for ending in ("-wal", "-shm", "-journal")
    ]


def _keep(file: Path, as_: Path) -> None:
    """Give a file a second name, so that at no moment there is none; a copy where the disk knows no
    second names.
    """
    try:
        os.link(file, as_)
    except OSError:
        shutil.copy2(file, as_)
