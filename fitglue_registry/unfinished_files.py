"""Creates files that get their name only when they are complete.

Where Linux supports it, such a file has no name before, so that nothing is left if the process is
killed. Elsewhere it has a temporary name, and ``abandoned`` removes what is left.
"""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.abandoned import hold, new_unfinished_file, unfinished_name

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The umask of the user decides about others, as with every file that a program writes for a user.
_MODE = 0o666
#: A file system without hard links answers with one of these.
_NO_HARD_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)


@contextmanager
def unfinished_file(folder: Path) -> Iterator[UnfinishedFile]:
    """Create a file in a folder, and remove it at the end unless it was given a name.

    Raises:
        OSError: If it cannot be created.
    """
    unfinished = UnfinishedFile(folder)
    try:
        yield unfinished
    finally:
        unfinished.discard()


class UnfinishedFile:
    """A file without a name, or with a temporary one.

    Attributes:
        file: The file, open for writing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path: Path | None = None
        handle = _unnamed(folder)
        if handle is None:
            handle, self._path = new_unfinished_file(folder)
        self._open(handle)

    def _open(self, handle: int) -> None:
        self._handle: int | None = handle
        # The caller may close it, but what follows needs the handle, which also holds the lock.
        self.file = open(handle, "wb", closefd=False)  # noqa: SIM115 - closed by ``discard``

    def sync(self) -> None:
        """Wait until what was written is on the disk, so that its name never leads to less.

        Raises:
            OSError: If the disk is full or broken.
        """
        assert self._handle is not None
        self.file.flush()
        os.fsync(self._handle)

    def publish(self, path: Path) -> None:
        """Give the complete file its name.

        Raises:
            FileExistsError: If anything has that name, even a link to nothing.
            OSError: If the file system refuses it.
        """
        self._complete()
        if self._path is None and self._link(path):
            return
        publish(self._named(), path)
        self._path = None

    def replace(self, path: Path, mode: int) -> None:
        """Put the complete file in the place of another one, with this mode.

        Raises:
            OSError: If the file system refuses it.
        """
        self._complete()
        # Only a name can replace another one. A process that is killed after this line leaves the
        # file under its temporary name.
        named = self._named()
        named.chmod(mode)
        named.replace(path)
        self._path = None

    def discard(self) -> None:
        """Close the file, and remove it unless it was given a name."""
        with suppress(OSError):  # the disk is full; the file is not wanted
            self.file.close()
        if os.name == "nt":
            self._close()
        # Before the handle is closed, which releases the lock.
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        self._close()

    def _complete(self) -> None:
        self.file.close()
        # Windows does not rename an open file.
        if os.name == "nt":
            self._close()

    def _close(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def _named(self) -> Path:
        """Return the temporary name of the file; one without a name gets one first."""
        if self._path is None:
            path = unfinished_name(self._folder)
            if self._link(path):
                self._path = path
            else:
                self._copy()
        assert self._path is not None
        return self._path

    def _link(self, path: Path) -> bool:
        """Give a file without a name this name; return whether the file system can do that."""
        folder = os.open(path.parent, os.O_PATH)
        try:
            # open(2) describes this use of /proc. With a folder's handle, Python calls linkat,
            # which can follow the link in /proc to the file, unlike link.
            os.link(
                f"/proc/self/fd/{self._handle}",
                path.name,
                dst_dir_fd=folder,
                follow_symlinks=True,
            )
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            return False
        finally:
            os.close(folder)
        return True

    def _copy(self) -> None:
        """Copy a file without a name into one with a temporary name."""
        unnamed = self._handle
        assert unnamed is not None
        handle, self._path = new_unfinished_file(self._folder)
        self._open(handle)
        with os.fdopen(unnamed, "rb") as content:
            content.seek(0)
            shutil.copyfileobj(content, self.file)
        self.file.close()


def publish(unfinished: Path, path: Path) -> None:
    """Give a complete file that has a temporary name its own name.

    Raises:
        FileExistsError: If anything has that name, even a link to nothing.
        OSError: If the file system refuses it.
    """
    try:
        # A rename would replace a file that somebody has written meanwhile.
        os.link(unfinished, path, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        unfinished.rename(path)
    else:
        unfinished.unlink()


def _unnamed(folder: Path) -> int | None:
    """Create a file without a name, and return its handle; ``None`` if that is not possible here.

    Only Linux has ``O_TMPFILE``, not for every file system, and ``/proc`` may be missing. If the
    folder cannot be used at all, the error of a file with a name is the clearer one.
    """
    flag = getattr(os, "O_TMPFILE", None)
    if flag is None:
        return None
    try:
        handle = os.open(folder, flag | os.O_RDWR | os.O_CLOEXEC, _MODE)
    except OSError:
        return None
    if not Path(f"/proc/self/fd/{handle}").exists():
        os.close(handle)
        return None
    # For the moment in which it has a temporary name.
    hold(handle)
    return handle
