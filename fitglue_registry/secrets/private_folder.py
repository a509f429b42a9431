"""The folder in which secrets are kept as files: its owner alone may enter it, and no link leads
out of it.

Neither the folder nor a file in it may be a link: whoever can place one could choose what is read
or overwritten.
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

#: Read the file itself, never where a link leads; Windows lacks some of these.
_READ_NO_LINK = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_OF_OTHERS = 0o077
_HAS_MODES = os.name != "nt"


class PrivateFolder:
    """A folder of secrets; it need not be there yet."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def make(self) -> None:
        """Make the folder, private; raises ``OSError`` for one that is a link or somebody
        else's.
        """
        make_folder(self.path)
        status = self.path.lstat()
        if stat.S_ISLNK(status.st_mode):
            raise OSError(
                errno.ELOOP, "it is a link, and secrets are never kept behind one", str(self.path)
            )
        if _HAS_MODES and status.st_uid != os.geteuid():
            raise OSError(errno.EPERM, "it belongs to another user", str(self.path))
        self._close_to_others(status.st_mode)

    def tidy(self) -> None:
        """Remove what a crash left half written: a copy of the key may be among it."""
        remove_unfinished(self.path)

    def read(self, path: Path) -> bytes | None:
        """Return the content of a file in it, ``None`` where there is no such file; raises
        ``StoreFailed`` (FG-secrets-unusable).
        """
        try:
            self._check_before_reading(path)
            # Where a link lies, opening fails: it could lead to a file that somebody else chose.
            handle = os.open(path, _READ_NO_LINK)
            with os.fdopen(handle, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self.failure("read", error) from None

    def failure(self, done: str, error: OSError) -> StoreFailed:
        """Return the error for a secret that could not be ``done``: read, written, deleted."""
        return StoreFailed(
            "FG-secrets-unusable",
            f"a secret could not be {done}",
            at=Place(file=str(error.filename or self.path)),
            why=error.strerror,
            fix="check that the folder is yours and that the disk has room",
        )

    def _check_before_reading(self, path: Path) -> None:
        if self.path.is_symlink():
            raise OSError(
                errno.ELOOP,
                "its folder is a link, and secrets are never kept behind one",
                str(path),
            )
        if self.path.is_dir():
            self._close_to_others(self.path.stat().st_mode)

    def _close_to_others(self, mode: int) -> None:
        """Take the folder away from everybody else, and say that it was open."""
        if _HAS_MODES and mode & _OF_OTHERS:
            self.path.chmod(0o700)
            log.warning(
                "%s was open to other users of this machine; its mode is 0700 now", self.path
            )


def keep_file_private(path: Path) -> None:
    """Take the key file away from everybody else, and say that it was theirs to read.

    Raises ``StoreFailed`` (FG-secret-key-exposed) where that fails.
    """
    if not (_HAS_MODES and path.stat().st_mode & _OF_OTHERS):
        return
    try:
        path.chmod(0o600)
    except OSError:
        raise StoreFailed(
            "FG-secret-key-exposed",
            "the key file of the secrets can be read by other users",
            at=Place(file=str(path)),
            why="its mode cannot be changed by this user",
            fix="make it yours with mode 0600",
        ) from None
    log.warning(
        "%s could be read by other users of this machine; its mode is 0600 now. If "
        "somebody may have read it, renew your keys.",
        path,
    )
