"""The key file, which contains the keys of the sealed files, and which only its owner may read.

Each line is one key in base64. The first key seals new files. Further keys open files that were
sealed before the key was changed, and are dropped when no file needs them.
"""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING

from fitglue_registry.durable import private_lock, write_atomically
from fitglue_registry.secrets.private_folder import keep_file_private
from fitglue_registry.secrets.sealing import KEY_LENGTH, new_key

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from fitglue_registry.secrets.private_folder import PrivateFolder

NAME = "secrets.key"
_LOCK = "secrets.lock"


class KeyFile:
    """The keys of one folder of sealed files."""

    def __init__(self, folder: PrivateFolder) -> None:
        self._folder = folder
        self.path = folder.path / NAME

    def lock(self) -> AbstractContextManager[object]:
        """Return the lock under which a process creates the key, seals with it, or changes it."""
        return private_lock(self._folder.path / _LOCK)

    def read(self) -> list[bytes]:
        """Return the keys, first the one that seals.

        The list is empty if there is no key file or if its content is damaged.

        Raises:
            StoreFailed: FG-secrets-unusable if the file cannot be read, or FG-secret-key-exposed if
                others can read it and that cannot be changed.
        """
        content = self._folder.read(self.path)
        if content is None:
            return []
        keep_file_private(self.path)
        try:
            keys = [base64.b64decode(line, validate=True) for line in content.split()]
        except ValueError:
            return []
        if any(len(key) != KEY_LENGTH for key in keys):
            return []
        return keys

    def write(self, keys: Iterable[bytes]) -> None:
        """Replace the keys; a process that is killed leaves the old or the new ones."""
        lines = [base64.b64encode(key) + b"\n" for key in keys]
        write_atomically(self.path, b"".join(lines))

    def make(self) -> bytes:
        """Create the key file with a new key, and return the key; the caller holds the lock."""
        if self.path.exists():
            # A damaged key file is kept under another name: someone may be able to repair it, and
            # what it sealed is lost without it.
            aside = f"{NAME}.unusable-{int(time.time())}"
            self.path.replace(self.path.with_name(aside))
        key = new_key()
        self.write([key])
        return key
