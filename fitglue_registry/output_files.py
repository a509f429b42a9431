"""Writes files at places that people name, so that nothing that is there is lost.

Others may be able to write to such a place, as to ``/tmp``: they could put a link there, or a file
under a name that they can guess.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from itertools import count
from typing import IO, TYPE_CHECKING

from fitglue_registry.abandoned import remove_abandoned
from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.private_files import NO_LINK
from fitglue_registry.unfinished_files import publish, unfinished_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import BufferedReader
    from pathlib import Path

    from fitglue_registry.unfinished_files import UnfinishedFile

#: How many bytes of an existing file are looked at.
_HEAD = 4096
#: The folders whose links belong to the system, such as ``/dev/stdout`` and ``/dev/fd/63``.
_SYSTEM = ("/dev/", "/proc/")


@contextmanager
def output_file(
    path: Path,
    may_replace: Callable[[bytes], bool],
    on_aside: Callable[[Path], None] | None = None,
) -> Iterator[IO[bytes]]:
    """Write a file that appears under its name only when it is complete.

    A FIFO or a device is written to. A file that is there is replaced if it is empty or of the same
    kind. Any other file is kept under another name, as ``move_aside`` does.

    Args:
        path: The place.
        may_replace: Whether a file that begins with these bytes may be replaced.
        on_aside: Called with the new path of a file that was moved aside.

    Yields:
        The open file.

    Raises:
        UserMistake: FG-path-unusable if the place is a link, a folder or a disk.
        OSError: If the file cannot be written; what was there is unchanged.
    """
    status = _status(path)
    if status is not None and _is_stream(status):
        with _open_stream(path, status) as file:
            yield file
        return
    remove_abandoned(path.parent)
    with unfinished_file(path.parent) as unfinished:
        yield unfinished.file
        if status is None:
            unfinished.publish(path)
        elif _begins(path, may_replace):
            unfinished.replace(path, stat.S_IMODE(status.st_mode))
        else:
            _publish_beside(unfinished, path, on_aside)


def write_new_file(path: Path, content: bytes) -> Path:
    """Write a new file, complete or not at all.

    Args:
        path: The place. If another file is there, a number is added to the name. If a file with the
            same content is there, nothing is written.
        content: The content.

    Returns:
        The path of the file with this content.

    Raises:
        OSError: If it cannot be written.
    """
    with unfinished_file(path.parent) as unfinished:
        unfinished.file.write(content)
        for place in _numbered(path):
            if _has_content(place, content):
                return place
            with suppress(FileExistsError):
                unfinished.publish(place)
                return place
    raise AssertionError("the numbers do not end")


def _publish_beside(
    unfinished: UnfinishedFile,
    path: Path,
    on_aside: Callable[[Path], None] | None,
) -> None:
    """Give a file its name after the file that has it was moved aside."""
    aside = move_aside(path)
    try:
        unfinished.publish(path)
    except OSError:
        publish(aside, path)
        raise
    if on_aside is not None:
        on_aside(aside)


def move_aside(path: Path) -> Path:
    """Rename a file to ``NAME.1`` or the next number that is free, and return the new path.

    Raises:
        OSError: If it cannot be renamed.
    """
    for number in count(1):
        aside = path.with_name(f"{path.name}.{number}")
        with suppress(FileExistsError):
            publish(path, aside)
            return aside
    raise AssertionError("the numbers do not end")


def refuse_link(path: Path) -> None:
    """Raise ``UserMistake`` FG-path-unusable if a path that a person named is a link."""
    if path.is_symlink():
        target = os.path.realpath(path)
        raise _unusable(
            path, "it is a link, and nothing is written through a link", f"name {target} itself"
        )


def _status(path: Path) -> os.stat_result | None:
    """Return what is at a place, or ``None`` if nothing is there.

    Raises:
        UserMistake: FG-path-unusable if nothing can be written there.
    """
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            if not str(path).startswith(_SYSTEM):
                refuse_link(path)
            status = path.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise _unusable(path, "it is a folder", "name a file")
    if stat.S_ISREG(status.st_mode) or _is_stream(status):
        return status
    raise _unusable(path, "it is neither a file, nor a FIFO, nor a character device", "name a file")


def _is_stream(status: os.stat_result) -> bool:
    return stat.S_ISFIFO(status.st_mode) or stat.S_ISCHR(status.st_mode)


def _open_stream(path: Path, expected: os.stat_result) -> IO[bytes]:
    """Open a FIFO or a device that exists; nothing is created if it has gone."""
    flags = os.O_WRONLY | getattr(os, "O_NOCTTY", 0)
    if not str(path).startswith(_SYSTEM):
        flags |= NO_LINK
    handle = os.open(path, flags)
    opened = os.fstat(handle)
    if (opened.st_dev, opened.st_ino) != (expected.st_dev, expected.st_ino):
        os.close(handle)
        raise _unusable(path, "it was replaced by something else", "name another place")
    return os.fdopen(handle, "wb")


def _begins(path: Path, may_replace: Callable[[bytes], bool]) -> bool:
    """Return whether a file is empty, or begins as one that may be replaced."""
    with _open_for_reading(path) as file:
        head = file.read(_HEAD)
    return not head or may_replace(head)


def _has_content(path: Path, content: bytes) -> bool:
    try:
        with _open_for_reading(path) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size != len(content):
                return False
            return file.read() == content
    except OSError:  # nothing is there, or a link, or what we may not read
        return False


def _open_for_reading(path: Path) -> BufferedReader:
    # Without O_NONBLOCK, opening a FIFO would wait for somebody who writes to it.
    flags = os.O_RDONLY | NO_LINK | getattr(os, "O_NONBLOCK", 0)
    return os.fdopen(os.open(path, flags), "rb")


def _numbered(path: Path) -> Iterator[Path]:
    """Yield a path, and then the same with -2, -3 and so on before the endings of its name."""
    yield path
    stem, dot, endings = path.name.partition(".")
    for number in count(2):
        yield path.with_name(f"{stem}-{number}{dot}{endings}")


def _unusable(path: Path, why: str, fix: str) -> UserMistake:
    return UserMistake(
        "FG-path-unusable",
        "the path cannot be used",
        at=Place(str(path)),
        why=why,
        fix=fix,
    )
