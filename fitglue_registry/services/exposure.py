"""Says whether other users of this machine can reach a folder or a file, and how to close it."""

from __future__ import annotations

import os
import shlex
import stat
from typing import TYPE_CHECKING

from fitglue_registry.private_files import HAS_MODES, OTHERS

if TYPE_CHECKING:
    from pathlib import Path

_READ = 0o044
_WRITE = 0o022
_ROOT = 0


def why_exposed(folder: Path) -> str | None:
    """Return why other users can reach a folder, with the command that closes it, or ``None``.

    Args:
        folder: A folder that exists.
    """
    if not HAS_MODES:
        return None
    status = folder.stat()
    if status.st_uid != os.geteuid():
        return f"{folder} belongs to another user, who can read and change everything in it"
    if not status.st_mode & OTHERS:
        return None
    mode = stat.S_IMODE(status.st_mode)
    what = "enter"
    if mode & _READ:
        what = "read"
    if mode & _WRITE:
        what = "change"
    return (
        f"other users of this machine can {what} {folder} (mode {mode:04o}); close it with: "
        f"chmod 700 {shlex.quote(str(folder))}"
    )


def why_exposed_file(path: Path) -> str | None:
    """Return why other users can read a file, with the command that closes it, or ``None``.

    A folder that only its owner can enter protects the files in it, whatever their modes are.

    Args:
        path: A file that exists, and not a link to it: its folder is judged, too.
    """
    if not HAS_MODES:
        return None
    folder, file = path.parent.stat(), path.stat()
    for place, status in ((path, file), (path.parent, folder)):
        # Root can read and change everything anyway.
        if status.st_uid not in (os.geteuid(), _ROOT):
            return f"{place} belongs to another user, who can read or replace the file"
    if not folder.st_mode & OTHERS:
        return None
    if folder.st_mode & _WRITE and not folder.st_mode & stat.S_ISVTX:
        return (
            f"other users of this machine can replace it, because they can write to {path.parent}; "
            f"close it with: chmod 700 {shlex.quote(str(path.parent))}"
        )
    mode = stat.S_IMODE(file.st_mode)
    if not mode & OTHERS:
        return None
    what = "change" if mode & _WRITE else "read"
    return (
        f"other users of this machine can {what} it (mode {mode:04o}); close it with: "
        f"chmod 600 {shlex.quote(str(path))}"
    )
