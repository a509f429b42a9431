"""Names temporary files and folders, and removes those that killed processes left behind.

A process locks each of them (``flock``) as long as it lives; the system releases the lock however
the process ends. Everything that is not locked is left over.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.private_files import NO_LINK

if TYPE_CHECKING:
    from collections.abc import Iterator

if sys.platform != "win32":
    import fcntl

#: How the name of everything unfinished begins.
UNFINISHED = ".unfinished-fitglue-"
#: The umask of the user decides about others, as with every file that a program writes for a user.
_MODE = 0o666
#: Windows has no such locks. There, what is older was left by a killed process: nothing takes a
#: day.
_ABANDONED_AFTER_S = 86_400.0


def unfinished_name(folder: Path) -> Path:
    """Return a new path in a folder, with a name that cannot be guessed."""
    return folder / f"{UNFINISHED}{secrets.token_hex(8)}"


def new_unfinished_file(folder: Path) -> tuple[int, Path]:
    """Create a file with a temporary name, and lock it.

    Returns:
        Its handle, which holds the lock until it is closed, and its path.

    Raises:
        OSError: If it cannot be created.
    """
    while True:
        path = unfinished_name(folder)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | NO_LINK, _MODE)
        # Before it was locked, another process may have taken it for one that was left behind.
        if hold(handle) and path.exists():
            return handle, path
        os.close(handle)


@contextmanager
def unfinished_folder(parent: Path, purpose: str) -> Iterator[Path]:
    """Create a locked folder with mode 0700, and remove it at the end.

    What killed processes left in ``parent`` is removed, too.

    Args:
        parent: Where the folder is made: beside the destination of what is written in it, since a
            rename is atomic only within one file system.
        purpose: A part of its name.

    Raises:
        OSError: If it cannot be created.
    """
    remove_abandoned(parent)
    folder, handle = _new_folder(parent, purpose)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if handle is not None:
            os.close(handle)


def _new_folder(parent: Path, purpose: str) -> tuple[Path, int | None]:
    while True:
        folder = Path(tempfile.mkdtemp(dir=parent, prefix=f"{UNFINISHED}{purpose}-"))
        if sys.platform == "win32":
            return folder, None
        with suppress(FileNotFoundError):  # another process has removed it, as above
            handle = os.open(folder, os.O_RDONLY | NO_LINK)
            if hold(handle) and folder.exists():
                return folder, handle
            os.close(handle)


def hold(handle: int) -> bool:
    """Lock an open file or folder; return whether no other process has locked it.

    A file system without such locks cannot lock it for another process either, so that
    ``remove_abandoned`` leaves it there.
    """
    if sys.platform != "win32":
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno not in (errno.EAGAIN, errno.EACCES)
    return True


def remove_abandoned(folder: Path) -> None:
    """Remove the unfinished files and folders that killed processes of this user left in a folder.

    Problems are ignored, because nothing depends on it.
    """
    with suppress(OSError):
        for path in list(folder.glob(f"{UNFINISHED}*")):
            with suppress(OSError):
                _remove_if_abandoned(path)


def _remove_if_abandoned(path: Path) -> None:
    status = path.lstat()
    # In a folder such as /tmp, others may have put anything there.
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        return
    if sys.platform == "win32":
        if time.time() - status.st_mtime > _ABANDONED_AFTER_S:
            _remove(path)
        return
    if status.st_uid != os.geteuid():
        return
    # Without O_NONBLOCK, opening a FIFO that has taken the place would wait for a writer.
    handle = os.open(path, os.O_RDONLY | NO_LINK | os.O_NONBLOCK)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(handle), path.lstat()):
            _remove(path)
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink()
