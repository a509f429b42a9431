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
        path: A file that exists.
    """
    if not HAS_MODES or not path.parent.stat().st_mode & OTHERS:
        return None
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & OTHERS:
        return None
    what = "change" if mode & _WRITE else "read"
    return (
        f"other users of this machine can {what} it (mode {mode:04o}); close it with: "
        f"chmod 600 {shlex.quote(str(path))}"
    )
