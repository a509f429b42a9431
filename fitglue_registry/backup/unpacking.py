"""Unpacks the database of a backup into a folder beside its destination, and checks it."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.backup.database_file import (
    check_integrity,
    row_counts,
    sqlite_file,
    store_format,
)
from fitglue_registry.backup.manifest import DATABASE, damaged
from fitglue_registry.errors import Place, StoreFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.backup.opened import OpenBackup

#: How the name of the temporary folder of a restore begins.
_UNFINISHED = ".unfinished-fitglue-restore-"


@contextmanager
def unpacked_database(opened: OpenBackup, parent: Path) -> Iterator[Path]:
    """Yield the path of the unpacked database, in a folder that is removed at the end.

    The folder is beside the destination, since a rename is atomic only within one file system.

    Raises:
        StoreFailed: FG-backup-damaged or FG-store-damaged.
    """
    # A restore that was killed left these: one that is still running holds the locks of the
    # connections, and the caller would not have got them.
    for unfinished in parent.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(dir=parent, prefix=_UNFINISHED))
    try:
        unpacked = folder / DATABASE
        _unpack(opened, unpacked)
        _check(opened, unpacked)
        yield unpacked
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unpack(opened: OpenBackup, target: Path) -> None:
    members = {member.name: member for member in opened.manifest.files}
    if DATABASE not in members:
        raise damaged(opened.path, f"{DATABASE} of the backup is missing")
    with target.open("xb") as file:
        for chunk in opened.chunks(members[DATABASE]):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    target.chmod(0o600)


def _check(opened: OpenBackup, unpacked: Path) -> None:
    manifest = opened.manifest
    with sqlite_file(unpacked) as connection:
        check_integrity(connection, str(opened.path))
        format_ = store_format(connection)
        rows = row_counts(connection)
    if (format_, rows) != (manifest.store_format, manifest.rows):
        raise StoreFailed(
            "FG-backup-damaged",
            "the database of the backup does not match its manifest",
            at=Place(str(opened.path)),
            fix="take an older backup",
        )
