"""Verifies a backup: every file against the manifest, and the database against its schema."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.backup.manifest import DATABASE
from fitglue_registry.backup.opened import Backup, ignore_step, open_backup
from fitglue_registry.backup.unpacking import VERIFYING, unpacked_database
from fitglue_registry.errors import Place, StoreFailed

if TYPE_CHECKING:
    from fitglue_registry.backup.opened import OnStep, OpenBackup


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
            _check_database(opened, chosen)
        except OSError as error:
            raise _not_checked(path, chosen, error) from error
        files = opened.manifest.files
        for done, member in enumerate(files, start=1):
            # The database was compared with its hash when it was unpacked.
            if member.name != DATABASE:
                for _ in opened.chunks(member):
                    pass
            report("checked", done, len(files))
        return Backup(path, path.stat().st_size, opened.manifest)


def _check_database(opened: OpenBackup, folder: Path) -> None:
    if opened.manifest.database == "sqlite":
        with unpacked_database(opened, folder, VERIFYING):
            pass


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
