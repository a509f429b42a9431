"""Creates files and folders that only their owner can use, and checks whether others can change
one.

The modes are set explicitly, so that they do not depend on the umask: neither on one that lets
others read, nor on one that takes permissions away from the owner.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

OTHERS = 0o077
"""The permissions of the group and of everybody else."""

HAS_MODES = os.name != "nt"
"""Whether files have an owner and a mode; Windows protects the folder of the user instead."""

_FOLDER = 0o700
_FILE = 0o600
_OTHERS_WRITE = 0o022
NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""Flags with which opening fails if the last part of the path is a symbolic link.

Windows lacks some of them.
"""


def make_private_folder(folder: Path) -> None:
    """Create a folder and its missing parents, each with mode 0700; one that exists stays as it is.

    Raises:
        OSError: If a folder cannot be created.
    """
    if folder.is_dir():
        return
    if folder.parent != folder:
        make_private_folder(folder.parent)
    try:
        folder.mkdir(mode=_FOLDER)
    except FileExistsError:
        # Another process may create it after the check above.
        if not folder.is_dir():
            raise
        return
    if HAS_MODES:
        folder.chmod(_FOLDER)


def make_own_folder(folder: Path) -> bool:
    """Create a folder for data that is trusted later, or close an existing one to others.

    Args:
        folder: The folder; its missing parents are created, too.

    Returns:
        Whether the folder can be trusted from now on: it is a folder of this user and not a link.

    Raises:
        OSError: If the folder cannot be created or closed.
    """
    make_private_folder(folder)
    status = folder.lstat()
    if stat.S_ISLNK(status.st_mode):
        return False
    if not HAS_MODES:
        return True
    if status.st_uid != os.geteuid():
        return False
    if stat.S_IMODE(status.st_mode) & OTHERS:
        folder.chmod(_FOLDER)
    return True


def write_private(path: Path, content: bytes) -> None:
    """Write a file with mode 0600; what the file contained before is replaced in place.

    Raises:
        OSError: If the file is a symbolic link, belongs to another user, or cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | NO_LINK
    handle = os.open(path, flags, _FILE)
    with os.fdopen(handle, "wb") as file:
        set_private(file.fileno())
        file.write(content)


def new_private_file(path: Path) -> bool:
    """Create an empty file with mode 0600.

    Returns:
        Whether it was created. One that exists, or a link, stays as it is.

    Raises:
        OSError: If it cannot be created for another reason.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINK
    try:
        handle = os.open(path, flags, _FILE)
    except FileExistsError:
        return False
    try:
        set_private(handle)
    finally:
        os.close(handle)
    return True


def temporary_file(folder: Path, prefix: str) -> tuple[int, Path]:
    """Create a new file with mode 0600 and a name that cannot be guessed.

    Returns:
        Its open handle, which the caller must close, and its path.
    """
    handle, name = tempfile.mkstemp(dir=folder, prefix=prefix)
    set_private(handle)
    return handle, Path(name)


def set_private(handle: int) -> None:
    """Set the mode of an open file to 0600, whatever the umask was when it was created."""
    if HAS_MODES:
        os.fchmod(handle, _FILE)


def read_own_file(path: Path) -> bytes:
    """Return the content of a file that nobody else can have written.

    Its folder must exist.

    Raises:
        PermissionError: If the file or its folder is a link, belongs to another user, or can be
            written by others; ``strerror`` says which.
        OSError: If it cannot be read.
    """
    _check(path.parent, path.parent.lstat())
    if path.is_symlink():
        raise PermissionError(None, f"{path} is a link", str(path))
    handle = os.open(path, os.O_RDONLY | NO_LINK)
    with os.fdopen(handle, "rb") as file:
        # The status of what was opened: the name may belong to another file by now.
        _check(path, os.fstat(file.fileno()))
        return file.read()


def why_not_own(path: Path) -> str | None:
    """Return why somebody else can have written a file or folder, or ``None`` if nobody can.

    Raises:
        OSError: If it does not exist.
    """
    return _doubt(path, path.lstat())


def _check(path: Path, status: os.stat_result) -> None:
    doubt = _doubt(path, status)
    if doubt is not None:
        raise PermissionError(None, doubt, str(path))


def _doubt(path: Path, status: os.stat_result) -> str | None:
    if stat.S_ISLNK(status.st_mode):
        return f"{path} is a link"
    if not HAS_MODES:
        return None
    if status.st_uid != os.geteuid():
        return f"{path} belongs to another user"
    if status.st_mode & _OTHERS_WRITE:
        mode = stat.S_IMODE(status.st_mode)
        return f"other users can write to {path} (mode {mode:04o})"
    return None
