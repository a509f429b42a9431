"""Takes disk space for a secret before its values are known.

A service may replace a refresh token when it answers, and accept the old one never again. If the
disk is full at that moment, the new one would be lost. So the space is taken before the service is
asked: the values are written into a file that has its blocks already, and the file is then renamed.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from fitglue_registry.durable import sync_folder
from fitglue_registry.private_files import NO_LINK, new_private_file

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".reserved"
"""The suffix of the files; one is left over only by a crash, until its secret is deleted."""

#: Bytes of the file. Two tokens of the longest length that is accepted fit into it.
_SIZE = 65_536


class ReservedSpace:
    """The file that takes the space.

    Args:
        path: Its path, in the folder of the secrets.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def take(self) -> None:
        """Take the space durably.

        Raises:
            OSError: The disk has not enough space, or the file cannot be written.
        """
        new_private_file(self._path)
        try:
            # Random, because some file systems store zeros without taking any space for them.
            self._write(os.urandom(_SIZE))
        except OSError:
            self.release()
            raise
        sync_folder(self._path.parent)

    def turn_into(self, path: Path, content: bytes) -> None:
        """Write a content into the space, and give the file another name.

        A crash or a power cut leaves the old content of the other file, or this one.

        Args:
            path: The other path, in the same folder.
            content: The content.

        Raises:
            OSError: It cannot be written.
        """
        self._write(content)
        self._path.replace(path)
        sync_folder(path.parent)

    def release(self) -> None:
        """Give the space back; nothing happens if it was used or given back before."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _write(self, content: bytes) -> None:
        """Write over the beginning of the file, and cut off the rest."""
        handle = os.open(self._path, os.O_WRONLY | NO_LINK)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
