"""Adds, replaces and removes files in a folder of other people, and touches only its own.

A file is its own as long as it has the content that was written. Everything happens durably: a
crash or a power cut leaves a complete file under its name, or none. A plugin may use this module.
"""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from fitglue_registry.abandoned import remove_abandoned
from fitglue_registry.durable import sync_folder
from fitglue_registry.private_files import NO_LINK
from fitglue_registry.unfinished_files import unfinished_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Bytes that are read at once, to compute a hash.
_PIECE = 1 << 20
#: The permissions that the umask of the user leaves, if the earlier file has gone meanwhile.
_MODE = 0o644


class Added(NamedTuple):
    """A file that is in its folder now.

    Attributes:
        path: Where it is.
        existed: Whether a file with this content was there already. It belongs to somebody else.
    """

    path: Path
    existed: bool


class Change(StrEnum):
    """What became of a file that was to be replaced or removed."""

    DONE = "done"
    MISSING = "missing"  # no file is there, and none was written
    FOREIGN = "foreign"  # something else is there, or a changed file; it is as it was


def add_file(path: Path, content: bytes) -> Added:
    """Write a new file durably, complete or not at all.

    Args:
        path: The place. If anything else is there, a number is added to the name. A link is
            something else, and is not followed.
        content: The content.

    Returns:
        The file with this content, which may have been there before.

    Raises:
        OSError: If it cannot be written; nothing is left then.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    remove_abandoned(path.parent)
    with unfinished_file(path.parent) as unfinished:
        unfinished.file.write(content)
        unfinished.sync()
        for place in numbered(path):
            if hash_of(place) == sha256:
                return Added(place, existed=True)
            with suppress(FileExistsError):
                unfinished.publish(place)
                sync_folder(path.parent)
                return Added(place, existed=False)
    raise AssertionError("the numbers do not end")


def replace_file(
    path: Path,
    content: bytes,
    sha256: str,
) -> Change:
    """Replace the content of an own file durably.

    Args:
        path: The file.
        content: The new content.
        sha256: The hash of the content that was written before, in hexadecimal digits.

    Raises:
        OSError: If it cannot be written; the file is as it was.
    """
    remove_abandoned(path.parent)
    with unfinished_file(path.parent) as unfinished:
        unfinished.file.write(content)
        unfinished.sync()
        # As late as possible: somebody may write to the file meanwhile.
        change = state_of(path, sha256)
        if change is Change.DONE:
            unfinished.replace(path, _mode_of(path))
            sync_folder(path.parent)
    return change


def remove_file(path: Path, sha256: str) -> Change:
    """Remove an own file durably.

    Args:
        path: The file.
        sha256: The hash of the content that was written before, in hexadecimal digits.

    Raises:
        OSError: If it cannot be removed.
    """
    change = state_of(path, sha256)
    if change is Change.DONE:
        path.unlink(missing_ok=True)
        sync_folder(path.parent)
    return change


def state_of(path: Path, sha256: str) -> Change:
    """Return ``DONE`` if a file has a content, or else what is in its place.

    Args:
        path: The file.
        sha256: The hash of the content, in hexadecimal digits.

    Raises:
        OSError: If the place cannot be looked at.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return Change.MISSING
    return Change.DONE if hash_of(path) == sha256 else Change.FOREIGN


def hash_of(path: Path) -> str | None:
    """Return the SHA-256 of a file in hexadecimal digits, or ``None`` if no file can be read there.

    A link is not followed, and a pipe is not waited for.

    Args:
        path: The file.
    """
    # Without O_NONBLOCK, opening a FIFO would wait for somebody who writes to it.
    flags = os.O_RDONLY | NO_LINK | getattr(os, "O_NONBLOCK", 0)
    digest = hashlib.sha256()
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            while piece := file.read(_PIECE):
                digest.update(piece)
    except OSError:
        return None
    return digest.hexdigest()


def numbered(path: Path) -> Iterator[Path]:
    """Yield a path, and then the same with -2, -3 and so on before the ending of its name.

    Args:
        path: The path without a number.
    """
    yield path
    for number in count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def _mode_of(path: Path) -> int:
    try:
        return stat.S_IMODE(path.lstat().st_mode)
    except OSError:
        return _MODE
