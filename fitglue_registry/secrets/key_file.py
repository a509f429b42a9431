"""The key file: the keys that open sealed files, which only its owner may read.

It holds one key a line: the first seals, and further ones, which are there only while the key is
changed, open what they once sealed.
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
        """One process at a time makes the key, seals with it, or changes it."""
        return private_lock(self._folder.path / _LOCK)

    def read(self) -> list[bytes]:
        """Return the keys, the one that seals first; none where there is no key file, or nothing in
        it that is a key.
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
        """Replace the keys."""
        lines = [base64.b64encode(key) + b"\n" for key in keys]
        write_atomically(self.path, b"".join(lines))

    def make(self) -> bytes:
        """Make the key file with a new key; called while the lock is held."""
        if self.path.exists():
            # Kept for whoever can still repair it: what it sealed is lost without it.
            aside = f"{NAME}.unusable-{int(time.time())}"
            self.path.replace(self.path.with_name(aside))
        key = new_key()
        self.write([key])
        return key
