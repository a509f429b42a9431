"""Reads files and standard input that a person names, without waiting for a pipe and up to a limit.

A name that somebody types can lead to a pipe that nobody writes to, to a device that never ends, or
to a file of any size.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from fitglue_registry.errors import Place, UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Bytes. The largest file that is read; an import reads none that is larger either.
LARGEST_FILE = 256 << 20
#: The name of standard input in messages.
STANDARD_INPUT = "standard input"
#: Without O_NONBLOCK, opening a pipe would wait for somebody who writes to it.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
_NAME_ANOTHER = "name an existing file that you may read"


def read_file(path: Path) -> bytes:
    """Return the content of a regular file.

    Args:
        path: The file.

    Raises:
        UserMistake: FG-file-unreadable for a file that cannot be read, or is not a regular one;
            FG-file-too-large if it has more than ``LARGEST_FILE`` bytes.
    """
    with open_file(path) as file:
        return read_stream(file, str(path))


def read_stream(stream: IO[bytes], name: str = STANDARD_INPUT) -> bytes:
    """Return what a stream holds, and stop reading where it exceeds the limit.

    Args:
        stream: An open stream of bytes.
        name: Its name in messages.

    Raises:
        UserMistake: FG-file-unreadable, or FG-file-too-large, as ``read_file``.
    """
    try:
        content = stream.read(LARGEST_FILE + 1) or b""
    except (OSError, ValueError) as error:
        raise unreadable(name, error) from error
    if len(content) > LARGEST_FILE:
        raise _too_large(name)
    return content


@contextmanager
def open_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a regular file that is not too large; an error of the caller's block is about reading.

    Args:
        path: The file.

    Raises:
        UserMistake: FG-file-unreadable, or FG-file-too-large, as ``read_file``.
    """
    name = str(path)
    try:
        with open_regular(path) as file:
            if os.fstat(file.fileno()).st_size > LARGEST_FILE:
                raise _too_large(name)
            yield file
    except (OSError, ValueError) as error:
        raise unreadable(name, error) from error


def open_regular(path: Path) -> IO[bytes]:
    """Open a regular file of any size.

    Args:
        path: The file.

    Raises:
        OSError: It cannot be opened, or is not a regular file.
    """
    handle = os.open(path, _FLAGS)
    # What was opened is checked, not what had this name before.
    mode = os.fstat(handle).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(handle, "rb")
    os.close(handle)
    raise OSError(errno.EINVAL, _kind(mode), str(path))


def try_to_open(path: Path) -> None:
    """Open a regular file and close it again, which proves that it can be read.

    Args:
        path: The file.

    Raises:
        OSError: It cannot be opened, or is not a regular file.
    """
    open_regular(path).close()


def unreadable(name: str, error: Exception) -> UserMistake:
    """Return the error for a file that cannot be read, with the reason in words."""
    return UserMistake(
        "FG-file-unreadable",
        "the file cannot be read",
        at=Place(name),
        why=getattr(error, "strerror", None) or str(error),
        fix=_NAME_ANOTHER,
    )


def _kind(mode: int) -> str:
    what = "a folder" if stat.S_ISDIR(mode) else "a pipe, a device or a socket"
    return f"it is {what}, and only a regular file is read"


def _too_large(name: str) -> UserMistake:
    return UserMistake(
        "FG-file-too-large",
        f"it has more than {LARGEST_FILE >> 20} MB, and no workout is that large",
        at=Place(name),
        fix="name a smaller file",
    )
