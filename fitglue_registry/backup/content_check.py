"""Checks the unpacked database of a backup: its schema, its rows, and the files that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.backup.database_file import (
    check_integrity,
    named_blobs,
    row_counts,
    sqlite_file,
    store_format,
)
from fitglue_registry.backup.manifest import damaged
from fitglue_registry.backup.schema_check import differences
from fitglue_registry.backup.type_check import wrong_type
from fitglue_registry.errors import Place, StoreFailed
from fitglue_registry.store.value_check import unreadable_in_file

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from fitglue_registry.backup.opened import OpenBackup
    from fitglue_registry.backup.schema_check import Differences

# What SQLite recommends for the files of others (https://www.sqlite.org/security.html): functions
# that have side effects cannot be called from a schema, and damaged pages are noticed early.
_CAUTIOUS = ("PRAGMA trusted_schema=OFF", "PRAGMA cell_size_check=ON", "PRAGMA mmap_size=0")
_DAMAGED = "the database of the backup is damaged"
_DIFFERS = "the database of the backup does not match its manifest"


def check_database(opened: OpenBackup, unpacked: Path) -> None:
    """Check the unpacked database of a backup.

    Raises:
        StoreFailed: FG-backup-foreign if its schema is not the one that FitGlue makes;
            FG-backup-damaged if it is damaged or does not match the manifest.
    """
    try:
        _check(opened, unpacked)
    except StoreFailed as error:
        if error.code.startswith("FG-backup"):
            raise
        # The error of SQLite names the temporary file, and would advise to restore a backup.
        why = error.why or error.what
        raise damaged(opened.path, _DAMAGED, why) from error


def _check(opened: OpenBackup, unpacked: Path) -> None:
    with sqlite_file(unpacked) as connection:
        for pragma in _CAUTIOUS:
            connection.execute(pragma)
        _check_format(opened, connection)
        # First of all: the other checks would run the code of foreign tables.
        _check_schema(opened, connection)
        check_integrity(connection, str(opened.path))
        _check_rows(opened, connection)
        wrong = wrong_type(connection)
        if wrong is not None:
            raise damaged(opened.path, _DAMAGED, wrong)
        unreadable = unreadable_in_file(connection)
        if unreadable is not None:
            raise damaged(opened.path, _DAMAGED, str(unreadable))
        _check_blobs(opened, connection)


def _check_format(opened: OpenBackup, connection: sqlite3.Connection) -> None:
    format_ = store_format(connection)
    promised = opened.manifest.store_format
    if format_ != promised:
        why = f"the manifest states the format {promised}, and the database {format_ or 'none'}"
        raise damaged(opened.path, _DIFFERS, why)


def _check_schema(opened: OpenBackup, connection: sqlite3.Connection) -> None:
    differs = differences(connection, opened.manifest.store_format)
    if str(differs):
        raise _foreign(opened.path, differs)


def _foreign(path: Path, differs: Differences) -> StoreFailed:
    return StoreFailed(
        "FG-backup-foreign",
        "the database of the backup contains something that FitGlue does not make",
        at=Place(str(path)),
        why=f"{differs}; it could change your data later",
        fix="take another backup; if you have added it to your database yourself, remove it there "
        "and make a new backup",
    )


def _check_rows(opened: OpenBackup, connection: sqlite3.Connection) -> None:
    rows = row_counts(connection)
    promised = opened.manifest.rows
    for table in sorted(rows.keys() | promised.keys()):
        if rows.get(table) == promised.get(table):
            continue
        stated, present = promised.get(table, "no"), rows.get(table, "no")
        why = (
            f"the manifest states {stated} rows of {ascii(table)[1:-1]}, the database has {present}"
        )
        raise damaged(opened.path, _DIFFERS, why)


def _check_blobs(opened: OpenBackup, connection: sqlite3.Connection) -> None:
    """Check that the original files are those that the database names."""
    manifest = opened.manifest
    present = {member.name.rpartition("/")[2] for member in manifest.named("blobs")}
    absent = set(manifest.absent)
    # One more than there can be is enough to notice the difference, and bounds the memory.
    named = set(named_blobs(connection, len(present) + len(absent) + 1))
    for sha256 in sorted(present & absent):
        raise damaged(opened.path, _DIFFERS, f"{sha256} is in the backup and listed as absent")
    for sha256 in sorted(named - present - absent):
        why = f"the database names the original file {ascii(sha256)[1:-1]}, which is missing"
        raise damaged(opened.path, _DIFFERS, why)
    for sha256 in sorted((present | absent) - named):
        why = f"no row of the database names the original file {sha256}"
        raise damaged(opened.path, _DIFFERS, why)
