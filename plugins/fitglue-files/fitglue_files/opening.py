"""Opens files and walks folders without ever following a symbolic link.

A link called ``ride.fit`` may lead to a secret, or to a file of another athlete of the server. The
paths of a connection are resolved once, so no component of the path of a file in them is a link.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

#: Opening a component of a path. O_PATH needs no permission to read the folder, only Linux has it.
_FOLDER = (
    getattr(os, "O_PATH", os.O_RDONLY)
    | getattr(os, "O_DIRECTORY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
)
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
#: Windows cannot open a path component by component.
_BY_COMPONENT = os.open in os.supports_dir_fd


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


def open_file(path: str | Path) -> IO[bytes]:
    """Open a regular file for reading.

    Args:
        path: An absolute path without any symbolic link.

    Raises:
        OSError: A component is a symbolic link, or the path does not lead to a regular file.
    """
    handle = _open(path, _FILE)
    try:
        # What was opened is checked, not what had this name before.
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("it is not a regular file")
        return os.fdopen(handle, "rb")
    except BaseException:
        with suppress(OSError):
            os.close(handle)
        raise


def files_below(folder: str | Path) -> Iterator[Found]:
    """Yield every file below a folder, in the order of their names; folders may nest in any depth.

    Links are yielded and not followed. Pipes, sockets and devices are yielded, and so is a folder
    that cannot be opened.
    """
    # A stack and not a recursion: folders can be nested more deeply than Python can call.
    waiting = [os.fspath(folder)]
    with _Folders() as opened:
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
    """Opens folders; one that is in the folder before it is opened from there.

    Opening each component of a path would take long for folders that are nested deeply.
    """

    def __init__(self) -> None:
        self._path: str | None = None
        self._handle: int | None = None

    def __enter__(self) -> _Folders:
        return self

    def __exit__(self, *_: object) -> None:
        self._keep(None, None)

    def entries(self, folder: str) -> list[os.DirEntry[str]]:
        """Return the entries of a folder that are not hidden, sorted.

        Raises:
            OSError: The folder cannot be opened.
        """
        if os.scandir not in os.supports_fd:
            return _visible(os.scandir(folder))
        handle = self._open(folder)
        self._keep(folder, handle)
        return _visible(os.scandir(handle))

    def _open(self, folder: str) -> int:
        parent, name = os.path.split(folder)
        if self._handle is not None and parent == self._path:
            return os.open(name, _READ_FOLDER, dir_fd=self._handle)
        return _open(folder, _READ_FOLDER)

    def _keep(
        self,
        path: str | None,
        handle: int | None,
    ) -> None:
        if self._handle is not None:
            os.close(self._handle)
        self._path = path
        self._handle = handle


def _visible(scanned: AbstractContextManager[Iterable[os.DirEntry[str]]]) -> list[os.DirEntry[str]]:
    with scanned as entries:
        visible = [entry for entry in entries if not entry.name.startswith(".")]
    return sorted(visible, key=lambda entry: entry.name)


def _open(
    path: str | Path,
    flags: int,
) -> int:
    """Open a path component by component, so that none of them is a link and it may be long."""
    if not _BY_COMPONENT:
        if Path(path).is_symlink():
            raise OSError("it is a symbolic link")
        return os.open(path, flags)
    parts = Path(path).parts
    current = os.open(parts[0], _FOLDER) if len(parts) > 1 else None
    try:
        for part in parts[1:-1]:
            following = os.open(part, _FOLDER, dir_fd=current)
            assert current is not None
            os.close(current)
            current = following
        return os.open(parts[-1], flags, dir_fd=current)
    finally:
        if current is not None:
            os.close(current)
