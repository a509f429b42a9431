"""Verifies a backup: every file against the manifest, and the database against its schema."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.backup.database_file import sqlite_file
from fitglue_registry.backup.manifest import DATABASE
from fitglue_registry.backup.opened import (
    BackedUpConnection,
    Backup,
    ignore_step,
    open_backup,
)
from fitglue_registry.backup.unpacking import VERIFYING, unpacked_database
from fitglue_registry.errors import Place, StoreFailed

if TYPE_CHECKING:
    from fitglue_registry.backup.opened import OnStep, OpenBackup

_CONNECTIONS = (
    "SELECT name, integration, source, settings FROM fg_connections ORDER BY created_at, name"
)


def verify(
    path: Path,
    folder: Path | None = None,
    on_step: OnStep | None = None,
) -> Backup:
    """Read a backup completely, and compare it with its manifest and with the schema of a store.

    Args:
        path: The backup.
        folder: Where its database is unpacked for the time of the check; by default the folder for
            temporary files.
        on_step: Called to report progress.

    Raises:
        StoreFailed: FG-backup-damaged, which names the first damaged file, FG-backup-foreign,
            FG-backup-newer, FG-store-newer, FG-backup-unreadable, or FG-backup-not-checked if the
            database cannot be unpacked.
        UserMistake: FG-backup-unknown if the file does not exist or is not a backup.
    """
    report = on_step or ignore_step
    chosen = folder or Path(tempfile.gettempdir())
    with open_backup(path) as opened:
        try:
            connections = _check_database(opened, chosen)
        except OSError as error:
            raise _not_checked(path, chosen, error) from error
        files = opened.manifest.files
        for done, member in enumerate(files, start=1):
            # The database was compared with its hash when it was unpacked.
            if member.name != DATABASE:
                for _ in opened.chunks(member):
                    pass
            report("checked", done, len(files))
        return Backup(path, path.stat().st_size, opened.manifest, connections)


def _check_database(opened: OpenBackup, folder: Path) -> tuple[BackedUpConnection, ...]:
    """Check the database of a backup, and return its connections."""
    if opened.manifest.database != "sqlite":
        return ()
    with (
        unpacked_database(opened, folder, VERIFYING) as unpacked,
        sqlite_file(unpacked) as connection,
    ):
        rows = connection.execute(_CONNECTIONS).fetchall()
    connections = []
    for name, integration, source, settings in rows:
        connections.append(BackedUpConnection(name, integration, source, _texts(settings)))
    return tuple(connections)


def _texts(settings: str) -> dict[str, str]:
    """Return the settings of a connection that are texts; a backup can have anything there."""
    try:
        values = json.loads(settings)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(values, dict):
        return {}
    return {name: value for name, value in values.items() if isinstance(value, str)}


def _not_checked(
    path: Path,
    folder: Path,
    error: OSError,
) -> StoreFailed:
    return StoreFailed(
        "FG-backup-not-checked",
        "the database of the backup cannot be unpacked to check it",
        at=Place(str(folder)),
        why=error.strerror or str(error),
        fix=f"free some space there, or choose another folder with TMPDIR, and verify {path.name} "
        "again",
    )
