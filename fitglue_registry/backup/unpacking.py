"""Unpacks the database of a backup into a temporary folder, and checks it."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fitglue_registry.abandoned import unfinished_folder
from fitglue_registry.backup.content_check import check_database
from fitglue_registry.backup.manifest import DATABASE, damaged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fitglue_registry.backup.opened import OpenBackup

#: What the temporary folder of a restore is for, a part of its name.
RESTORING = "restore"
#: The same for a backup that is only verified.
VERIFYING = "verify"


@contextmanager
def unpacked_database(
    opened: OpenBackup,
    parent: Path,
    purpose: str = RESTORING,
) -> Iterator[Path]:
    """Yield the path of the unpacked database, in a folder that is removed at the end.

    Args:
        opened: The backup.
        parent: Where the folder is made. For a restore, it is beside the destination, since a
            rename is atomic only within one file system.
        purpose: What the folder is for, a part of its name.

    Raises:
        StoreFailed: FG-backup-damaged or FG-backup-foreign.
        OSError: The folder or the file cannot be written, or the disk has too little space.
    """
    with unfinished_folder(parent, purpose) as folder:
        unpacked = folder / DATABASE
        _unpack(opened, unpacked)
        check_database(opened, unpacked)
        yield unpacked


def _unpack(opened: OpenBackup, target: Path) -> None:
    members = {member.name: member for member in opened.manifest.files}
    if DATABASE not in members:
        raise damaged(opened.path, f"{DATABASE} of the backup is missing")
    member = members[DATABASE]
    # Before the disk is filled: the other programs of this machine need it, too.
    if shutil.disk_usage(target.parent).free < member.size:
        needed = f"the database of the backup needs {member.size / 1e6:,.0f} MB"
        raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)}: {needed}", str(target.parent))
    with target.open("xb") as file:
        for chunk in opened.chunks(member):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    target.chmod(0o600)
