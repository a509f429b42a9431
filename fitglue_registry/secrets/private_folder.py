"""The folder of sealed files, which only its owner may enter and which contains no links.

Neither the folder nor a file in it may be a symbolic link: someone who can create one could choose
which file is read or overwritten.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
from typing import TYPE_CHECKING

from fitglue_registry.durable import make_folder, remove_unfinished
from fitglue_registry.errors import Place, StoreFailed

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

#: Open a file for reading, but fail if it is a symbolic link. Windows lacks some of these flags.
_READ_NO_LINK = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_OTHERS_BITS = 0o077  # the permissions of the group and of everybody else
_ROOT = 0  # who can read and change everything anyway
_HAS_MODES = os.name != "nt"


class PrivateFolder:
    """A folder of secrets, which may not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def make(self) -> None:
        """Create the folder with mode 0700, or check one that exists.

        Raises:
            OSError: It is a link, belongs to another user, or cannot be created.
        """
        make_folder(self.path)
        # lstat() describes the link itself, not its target.
        status = self.path.lstat()
        if stat.S_ISLNK(status.st_mode):
            raise OSError(
                errno.ELOOP, "it is a link, and secrets are never kept behind one", str(self.path)
            )
        if _HAS_MODES and status.st_uid != os.geteuid():
            raise OSError(errno.EPERM, "it belongs to another user", str(self.path))
        self._check_parent()
        self._make_private(status.st_mode)

    def _check_parent(self) -> None:
        """Raise ``OSError`` if the folder around it belongs to another user than this one or root.

        That user could put a folder with their own key file in its place.
        """
        parent = self.path.parent
        if _HAS_MODES and parent.stat().st_uid not in (os.geteuid(), _ROOT):
            raise OSError(errno.EPERM, "it belongs to another user", str(parent))

    def tidy(self) -> None:
        """Delete what a crash left half written, since it may contain a copy of the key."""
        remove_unfinished(self.path)

    def read(self, path: Path) -> bytes | None:
        """Return the content of a file in the folder, or ``None`` if it does not exist.

        Raises:
            StoreFailed: FG-secrets-unusable if it cannot be read or is a link.
        """
        try:
            self._check_before_reading(path)
            handle = os.open(path, _READ_NO_LINK)
            with os.fdopen(handle, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self.failure("read", error) from None

    def failure(self, action: str, error: OSError) -> StoreFailed:
        """Return the error for a failed action, a participle such as "read" or "written"."""
        return StoreFailed(
            "FG-secrets-unusable",
            f"a secret could not be {action}",
            at=Place(file=str(error.filename or self.path)),
            why=error.strerror,
            fix="check that the folder belongs to you and that the disk has free space",
        )

    def _check_before_reading(self, path: Path) -> None:
        if self.path.is_symlink():
            raise OSError(
                errno.ELOOP,
                "its folder is a link, and secrets are never kept behind one",
                str(path),
            )
        if self.path.is_dir():
            self._make_private(self.path.stat().st_mode)

    def _make_private(self, mode: int) -> None:
        """Set the mode of the folder to 0700 if others can enter it, and log a warning."""
        if _HAS_MODES and mode & _OTHERS_BITS:
            self.path.chmod(0o700)
            log.warning(
                "other users of this machine could enter %s; its mode is 0700 now", self.path
            )


def keep_file_private(path: Path) -> None:
    """Set the mode of the key file to 0600 if others can read it, and log a warning.

    Raises:
        StoreFailed: FG-secret-key-exposed if the mode cannot be changed.
    """
    if not (_HAS_MODES and path.stat().st_mode & _OTHERS_BITS):
        return
    try:
        path.chmod(0o600)
    except OSError:
        raise StoreFailed(
            "FG-secret-key-exposed",
            "the key file of the secrets can be read by other users",
            at=Place(file=str(path)),
            why="its mode cannot be changed by this user",
            fix="make yourself its owner, and set its mode to 0600",
        ) from None
    log.warning(
        "other users of this machine could read %s; its mode is 0600 now. If somebody may have "
        "read it, renew your keys.",
        path,
    )
