"""Writes, renames and locks files so that a power cut or a kill leaves the old or the new one."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

UNFINISHED = ".unfinished-"
"""How the name of a file begins while it is written; one that stays behind was never finished."""

_LONGEST_WAIT_S = 30.0


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


def remove_unfinished(folder: Path) -> None:
    """Remove what ``write_whole`` left behind when it was killed; only while nobody else writes in
    the folder.
    """
    for path in folder.glob(f"{UNFINISHED}*"):
        path.unlink(missing_ok=True)


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


def private_lock(path: Path) -> AbstractContextManager[object]:
    """Return a lock that one process holds at a time, in a file that only its owner may open.

    Entering waits for up to thirty seconds and raises ``TimeoutError`` after that; the lock ends
    with the process that holds it.
    """
    return FileLock(
        path,
        timeout=_LONGEST_WAIT_S,
        mode=0o600,
    )
