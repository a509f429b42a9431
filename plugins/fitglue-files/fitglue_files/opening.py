"""Opens files and walks folders without ever following a symbolic link.

A link called ``ride.fit`` may lead to a secret, or to a file of another athlete of the server. The
paths of a connection are resolved once, so no component of the path of a file in them is a link.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from fitglue_files.trail import Trail

#: Opening a folder to list it.
_READ_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
#: Opening a file. Without O_NONBLOCK, opening a pipe would wait for somebody who writes to it.
_FILE = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
#: The characters of the longest path that an archive has, and how many characters all longer ones
#: together may have. Folders in folders with a file in each would fill the memory with their paths.
_LONG_PATH = 4096
_MOST_CHARACTERS = 20_000_000


class Found(NamedTuple):
    """What was found in a folder: a file, unless one of the other attributes says otherwise.

    Attributes:
        path: Its path.
        is_link: Whether it is a symbolic link.
        is_special: Whether it is a pipe, a socket or a device.
        closed: Why a folder cannot be opened.
    """

    path: str
    is_link: bool = False
    is_special: bool = False
    closed: OSError | None = None


def open_file(
    path: str,
    trail: Trail,
) -> IO[bytes]:
    """Open a regular file for reading.

    Args:
        path: An absolute path without any symbolic link.
        trail: What opens it.

    Raises:
        OSError: A component is a symbolic link, or the path does not lead to a regular file.
    """
    handle = trail.open(path, _FILE)
    try:
        # What was opened is checked, not what had this name before.
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("it is not a regular file")
        return os.fdopen(handle, "rb")
    except BaseException:
        with suppress(OSError):
            os.close(handle)
        raise


def files_below(
    folder: str | Path,
    trail: Trail,
) -> Iterator[Found]:
    """Yield every file below a folder, in the order of their names; folders may nest in any depth.

    Links are yielded and not followed. Pipes, sockets and devices are yielded, and so is a folder
    that cannot be opened.

    Args:
        folder: The absolute path of the folder, without any symbolic link.
        trail: What opens it and the folders in it.
    """
    # A stack and not a recursion: folders can be nested more deeply than Python can call.
    waiting = [os.fspath(folder)]
    with _Folders(trail) as opened:
        while waiting:
            current = waiting.pop()
            folders = []
            try:
                entries = opened.entries(current)
            except FileNotFoundError:
                continue  # it was deleted meanwhile
            except OSError as error:
                yield Found(current, closed=error)
                continue
            for entry in entries:
                path = os.path.join(current, entry.name)  # noqa: PTH118 - Path would be slow
                if entry.is_symlink():
                    yield Found(path, is_link=True)
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(path)
                elif entry.is_file(follow_symlinks=False):
                    yield Found(path)
                else:
                    yield Found(path, is_special=True)
            waiting += reversed(folders)


class _Folders:
    """Lists folders, as far as their paths do not fill the memory."""

    def __init__(self, trail: Trail) -> None:
        self._trail = trail
        self._handle: int | None = None
        self._long = 0

    def __enter__(self) -> _Folders:
        return self

    def __exit__(self, *_: object) -> None:
        self._keep(None)

    def entries(self, folder: str) -> list[os.DirEntry[str]]:
        """Return the entries of a folder that are not hidden, sorted.

        Raises:
            OSError: The folder cannot be opened, or its path is too long.
        """
        if os.scandir not in os.supports_fd:
            return _visible(os.scandir(folder))
        handle = self._trail.open(folder, _READ_FOLDER)
        # An entry may need the handle to say what it is.
        self._keep(handle)
        entries = _visible(os.scandir(handle))
        if len(folder) > _LONG_PATH:
            # One path after another, as of folders that contain nothing else, takes no memory.
            self._long += len(folder) * max(len(entries) - 1, 0)
            if self._long > _MOST_CHARACTERS:
                raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        return entries

    def _keep(self, handle: int | None) -> None:
        if self._handle is not None:
            os.close(self._handle)
        self._handle = handle


def _visible(scanned: AbstractContextManager[Iterable[os.DirEntry[str]]]) -> list[os.DirEntry[str]]:
    with scanned as entries:
        visible = [entry for entry in entries if not entry.name.startswith(".")]
    return sorted(visible, key=lambda entry: entry.name)
