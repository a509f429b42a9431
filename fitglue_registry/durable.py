"""Functions that write, rename and lock files so that a crash leaves the old or the new content."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from filelock import FileLock

from fitglue_registry.private_files import make_private_folder, temporary_file

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

UNFINISHED = ".unfinished-"
"""Prefix of a file's name while it is being written; such a file is left over only by a crash."""

_LONGEST_WAIT_S = 30.0
_POLL_S = 0.05
#: How many files are synced at the same time. More do not make a disk faster.
_SYNCING_THREADS = 8


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the content of a file durably, with mode 0600.

    A crash or a power cut at any moment leaves either the old content or the new content.

    Raises:
        OSError: If the file cannot be written; the old content and no temporary file remain.
    """
    # The temporary file is in the same folder, because a rename is atomic only within one file
    # system. It has mode 0600, which the rename keeps.
    handle, unfinished = temporary_file(path.parent, UNFINISHED)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            # The content must be on the disk before the name is: after a power cut, a renamed
            # file that was not synced can be empty.
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
    # Without this, a power cut can undo the rename although the caller was told that it succeeded.
    sync_folder(path.parent)


def write_group_atomically(contents: Mapping[Path, bytes]) -> None:
    """Replace the contents of several files durably, as ``write_atomically`` does for one.

    Waiting for the disk takes most of the time, so it is done for all files at the same time. After
    a crash or a power cut, each file has either its old or its new content.

    Raises:
        OSError: If a file cannot be written; no temporary file remains.
    """
    unfinished: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            handle, unfinished[path] = temporary_file(path.parent, UNFINISHED)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
        _sync_all(_sync_file, unfinished.values())
        for path, temporary in unfinished.items():
            temporary.replace(path)
    except BaseException:
        for temporary in unfinished.values():
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        raise
    _sync_all(sync_folder, {path.parent for path in contents})


def _sync_all(sync: Callable[[Path], None], paths: Collection[Path]) -> None:
    """Sync several paths at the same time; the system can then write them in one go."""
    if not paths:
        return
    with ThreadPoolExecutor(min(len(paths), _SYNCING_THREADS)) as threads:
        # list(), so that an error of any of them is raised here.
        list(threads.map(sync, paths))


def _sync_file(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_unfinished(folder: Path) -> None:
    """Remove the temporary files of ``write_atomically`` calls that a crash interrupted.

    Call it only while no other process writes in the folder, because their temporary files look
    the same.
    """
    for path in folder.glob(f"{UNFINISHED}*"):
        path.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Create the folder and its missing parents, each durably and with mode 0700."""
    if folder.is_dir():
        return
    if folder.parent != folder:
        make_folder(folder.parent)
    make_private_folder(folder)
    sync_folder(folder.parent)


def make_folders(folders: Iterable[Path]) -> None:
    """Create several folders and their missing parents durably, as ``make_folder`` does for one."""
    changed: set[Path] = set()
    for folder in folders:
        missing = []
        while not folder.is_dir() and folder.parent != folder:
            missing.append(folder)
            folder = folder.parent
        for child in reversed(missing):
            make_private_folder(child)
            changed.add(child.parent)
    _sync_all(sync_folder, changed)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; do nothing on Windows, which cannot sync a folder."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def private_lock(
    path: Path,
    *,
    timeout_s: float = _LONGEST_WAIT_S,
    poll_s: float = _POLL_S,
) -> FileLock:
    """Return a lock that one process holds at a time, in a file that only its owner may open.

    The operating system releases the lock when the process that holds it ends, however it ends.

    Args:
        path: The file, which is created.
        timeout_s: How long entering the lock waits before it raises ``filelock.Timeout``, which is
            a ``TimeoutError``.
        poll_s: How often it tries meanwhile.
    """
    return FileLock(
        path,
        timeout=timeout_s,
        poll_interval=poll_s,
        mode=0o600,
    )
