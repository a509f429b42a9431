"""Writes a file so that it is either there whole or not at all, even if the power goes."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

UNFINISHED = ".unfinished-"
"""How the name of a file begins while it is written; one that stays behind was never finished."""


def write_whole(path: Path, content: bytes) -> None:
    """Write with mode 0600 under another name, sync, rename, sync the folder; raises ``OSError``
    and leaves nothing behind.
    """
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(unfinished).unlink()
        raise
    sync_folder(path.parent)


def make_folder(folder: Path, mode: int = 0o700) -> None:
    """Make the folder and those above it, durably."""
    if folder.is_dir():
        return
    if folder.parent != folder:
        make_folder(folder.parent)
    folder.mkdir(mode=mode, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system knows of such a thing."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
