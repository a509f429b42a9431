"""Unpacks the database of a backup into a temporary folder, and checks it."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.backup.content_check import check_database
from fitglue_registry.backup.manifest import DATABASE, damaged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.backup.opened import OpenBackup

#: How the name of the temporary folder of a restore begins.
RESTORING = ".unfinished-fitglue-restore-"
#: The same for a backup that is only verified.
VERIFYING = ".unfinished-fitglue-verify-"

#: A folder that is older was left by a killed process: no check of a database takes a day.
_ABANDONED_AFTER_S = 86_400.0


@contextmanager
def unpacked_database(
    opened: OpenBackup,
    parent: Path,
    begins: str = RESTORING,
) -> Iterator[Path]:
    """Yield the path of the unpacked database, in a folder that is removed at the end.

    Args:
        opened: The backup.
        parent: Where the folder is made. For a restore, it is beside the destination, since a
            rename is atomic only within one file system.
        begins: How the name of the folder begins.

    Raises:
        StoreFailed: FG-backup-damaged or FG-backup-foreign.
        OSError: The folder or the file cannot be written, or the disk has too little space.
    """
    _remove_unfinished(parent, begins)
    folder = Path(tempfile.mkdtemp(dir=parent, prefix=begins))
    try:
        unpacked = folder / DATABASE
        _unpack(opened, unpacked)
        check_database(opened, unpacked)
        yield unpacked
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_unfinished(parent: Path, begins: str) -> None:
    """Remove the folders that killed processes left.

    A restore that still runs holds the locks of the connections, so the caller would not have got
    them. A check holds no lock, and only old folders of one are removed.
    """
    for unfinished in parent.glob(f"{begins}*"):
        # In a folder such as /tmp, others may have put anything there.
        with suppress(OSError):
            age_s = time.time() - unfinished.lstat().st_mtime
            if begins == RESTORING or age_s > _ABANDONED_AFTER_S:
                shutil.rmtree(unfinished, ignore_errors=True)


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
