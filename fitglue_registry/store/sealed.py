"""Secrets in encrypted files: AES-GCM, one file for each reference, and one key file that only its owner may read."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import time
from typing import TYPE_CHECKING

from fitglue_registry.errors import AthleteNeeded, Place, StoreFailed
from fitglue_registry.store.durable import UNFINISHED, make_folder, sync_folder, write_whole
from fitglue_registry.store.secrets import CONNECT_AGAIN, missing, new_reference, parse, split_reference, unreadable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

log = logging.getLogger(__name__)

_MAGIC = b"FGSECRET1"
_KEY_ID, _NONCE = 8, 12
_HEAD = len(_MAGIC) + _KEY_ID
_KEY_FILE = "secrets.key"
_KEY_LENGTH = 32
_SUFFIX = ".sealed"


class FileSecretStore:
    """A folder with the key file and the sealed files; who can read the whole folder can read the secrets."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, ref: str) -> dict[str, str]:
        """The values; ``AthleteNeeded`` FG-secret-key-lost without the key that sealed them, FG-secret-unreadable where damaged."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        content = self._read(self._sealed(ref))
        if content is None:
            raise missing(ref)
        key = self._key()
        if not content.startswith(_MAGIC) or len(content) <= _HEAD + _NONCE:
            raise unreadable(ref)
        if key is None or content[len(_MAGIC):_HEAD] != _key_id(key):
            raise AthleteNeeded("FG-secret-key-lost", "the key file that opens this connection's secret is gone or was replaced",
                                at=Place(file=str(self._folder / _KEY_FILE)), why="only the key that sealed a secret opens it",
                                fix=f"put the key file back from a backup, or {CONNECT_AGAIN}")
        try:
            plain = AESGCM(key).decrypt(content[_HEAD:_HEAD + _NONCE], content[_HEAD + _NONCE:], content[:_HEAD] + ref.encode())
        except InvalidTag:
            raise unreadable(ref) from None
        return parse(ref, plain)

    def put(self, owner: str, values: Mapping[str, str]) -> str:
        """Seal the values into a new file; makes the key file with the first one."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        ref = new_reference("file", owner)
        try:
            make_folder(self._folder)
            key = self._key() or self._new_key()
            head, nonce = _MAGIC + _key_id(key), os.urandom(_NONCE)
            # The reference is sealed in too: a file renamed to another connection's does not open.
            sealed = AESGCM(key).encrypt(nonce, json.dumps(dict(values)).encode(), head + ref.encode())
            write_whole(self._sealed(ref), head + nonce + sealed)
        except OSError as error:
            raise self._failed("written", error) from None
        return ref

    def delete(self, ref: str) -> None:
        """Remove the sealed file."""
        try:
            self._sealed(ref).unlink(missing_ok=True)
            if self._folder.is_dir():
                sync_folder(self._folder)
        except OSError as error:
            raise self._failed("deleted", error) from None

    def sweep(self, keep: Collection[str], older_than_s: float = 3600.0) -> int:
        """Remove sealed files that no reference in ``keep`` names: what a crash between two steps left behind. How many there were."""
        kept = {self._sealed(ref).name for ref in keep if ref.startswith("file:")}
        orphans = [path for pattern in (f"*{_SUFFIX}", f"{UNFINISHED}*") for path in self._folder.glob(pattern)
                   if path.name not in kept and time.time() - path.stat().st_mtime > older_than_s]
        for path in orphans:
            path.unlink(missing_ok=True)
        return len(orphans)

    def _sealed(self, ref: str) -> Path:
        scheme, _, token = split_reference(ref)
        if scheme != "file":
            raise unreadable(ref)
        return self._folder / f"{token}{_SUFFIX}"

    def _key(self) -> bytes | None:
        """The key, or ``None`` where there is no key file, or nothing in it that is a key."""
        path = self._folder / _KEY_FILE
        content = self._read(path)
        if content is None:
            return None
        self._keep_private(path)
        try:
            key = base64.b64decode(content.strip(), validate=True)
        except ValueError:
            return None
        return key if len(key) == _KEY_LENGTH else None

    def _new_key(self) -> bytes:
        """Make the key file; of two processes that try, one makes it and both use it."""
        from filelock import FileLock

        path = self._folder / _KEY_FILE
        with FileLock(path.with_suffix(".lock"), timeout=30):
            key = self._key()
            if key is None:
                if path.exists():  # kept for whoever can still repair it: what it sealed is lost without it
                    path.replace(path.with_name(f"{_KEY_FILE}.unusable-{int(time.time())}"))
                key = os.urandom(_KEY_LENGTH)
                write_whole(path, base64.b64encode(key) + b"\n")
        return key

    def _keep_private(self, path: Path) -> None:
        """Take the key file away from everybody else, and say that it was theirs to read; refuse it where that fails."""
        if os.name == "nt" or not path.stat().st_mode & 0o077:
            return
        try:
            path.chmod(0o600)
        except OSError:
            raise StoreFailed("FG-secret-key-exposed", "the key file of the secrets can be read by other users", at=Place(file=str(path)),
                              why="its mode cannot be changed by this user", fix="make it yours with mode 0600") from None
        log.warning("%s could be read by other users of this machine; its mode is 0600 now. If somebody may have read it, renew your keys.",
                    path)

    def _read(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failed("read", error) from None

    def _failed(self, done: str, error: OSError) -> StoreFailed:
        return StoreFailed("FG-secrets-unusable", f"a secret could not be {done}", at=Place(file=str(error.filename or self._folder)),
                           why=error.strerror, fix="check that the folder is yours and that the disk has room")


def _key_id(key: bytes) -> bytes:
    """Tells another key from damage, and gives nothing of the key away."""
    return hashlib.sha256(b"fitglue key id" + key).digest()[:_KEY_ID]
