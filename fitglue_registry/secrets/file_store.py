"""Secrets in encrypted files: AES-GCM, one file for each reference, and one key file that only its
owner may read.

The key file holds one key a line: the first seals, and further ones, which are there only while the
key is changed, open what they once sealed. Neither the folder nor a file in it may be a link:
whoever can place one could choose what is read or overwritten.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import logging
import os
import stat
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.durable import UNFINISHED, make_folder, sync_folder, write_whole
from fitglue_registry.errors import AthleteNeeded, FitglueError, Place, StoreFailed
from fitglue_registry.secrets.references import (
    CONNECT_AGAIN,
    missing,
    new_reference,
    parse,
    split_reference,
    unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

log = logging.getLogger(__name__)

_MAGIC = b"FGSECRET1"
_KEY_ID, _NONCE = 8, 12
_HEAD = len(_MAGIC) + _KEY_ID
_KEY_FILE = "secrets.key"
_KEY_LENGTH = 32
_SUFFIX = ".sealed"
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


@dataclass(slots=True)
class Rekeyed:
    """What a change of the key did: reference → ``None`` or why it could not be opened; how many
    old keys something else still needs.
    """

    outcomes: dict[str, FitglueError | None]
    old_keys: int


class FileSecretStore:
    """A folder with the key file and the sealed files; who can read the whole folder can read the
    secrets.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, ref: str) -> dict[str, str]:
        """The values; ``AthleteNeeded`` FG-secret-key-lost without the key that sealed them,
        FG-secret-unreadable where damaged.
        """
        content = self._sealed_content(ref)
        key = next((key for key in self._keys() if _key_id(key) == _key_id_of(content)), None)
        if key is None:
            raise AthleteNeeded(
                "FG-secret-key-lost",
                "the key file that opens this connection's secret is gone or was replaced",
                at=Place(file=str(self._folder / _KEY_FILE)),
                why="only the key that sealed a secret opens it",
                fix=f"put the key file back from a backup, or {CONNECT_AGAIN}",
            )
        return parse(ref, _open(key, content, ref))

    def put(self, owner: str, values: Mapping[str, str]) -> str:
        """Seal the values into a new file; makes the key file with the first one."""
        ref = new_reference("file", owner)
        self.keep(ref, values)
        return ref

    def keep(self, ref: str, values: Mapping[str, str]) -> None:
        """Seal the values into the file of a reference that was made before."""
        try:
            self._make_folder()
            with self._changing():  # a key that is changed meanwhile would not open this
                self._tidy()
                key = next(iter(self._keys()), None) or self._new_key()
                write_whole(self._sealed(ref), _seal(key, json.dumps(dict(values)).encode(), ref))
        except OSError as error:
            raise self._failed("written", error) from None

    def rekey(self, refs: Iterable[str]) -> Rekeyed:
        """Make a new key and seal every secret of ``refs`` with it; what cannot be opened is told
        and stays as it is.

        Killed at any write it loses nothing: both keys are in the key file until nothing needs the
        old one, and the next call goes on.
        """
        done = Rekeyed({}, 0)
        if not self._folder.is_dir():
            return done
        try:
            with self._changing():
                self._tidy()
                old = self._keys() or [self._new_key()]
                key = os.urandom(_KEY_LENGTH)
                self._write_keys([key, *old])
                for ref in refs:
                    self._reseal(ref, key, done)
                # A secret that no reference of ours names may be that of another database: its key
                # stays.
                needed = {
                    _key_id_of(self._read(path) or b"") for path in self._folder.glob(f"*{_SUFFIX}")
                }
                kept = [one for one in old if _key_id(one) in needed]
                self._write_keys([key, *kept])
        except OSError as error:
            raise self._failed("sealed anew", error) from None
        done.old_keys = len(kept)
        return done

    def _reseal(self, ref: str, key: bytes, done: Rekeyed) -> None:
        try:
            values = self.get(ref)
        except FitglueError as error:
            done.outcomes[ref] = error
        else:
            write_whole(self._sealed(ref), _seal(key, json.dumps(values).encode(), ref))
            done.outcomes[ref] = None

    def delete(self, ref: str) -> None:
        """Remove the sealed file."""
        try:
            self._sealed(ref).unlink(missing_ok=True)
            if self._folder.is_dir():
                sync_folder(self._folder)
        except OSError as error:
            raise self._failed("deleted", error) from None

    def _sealed(self, ref: str) -> Path:
        scheme, _, token = split_reference(ref)
        if scheme != "file":
            raise unreadable(ref)
        return self._folder / f"{token}{_SUFFIX}"

    def _sealed_content(self, ref: str) -> bytes:
        try:
            content = self._read(self._sealed(ref))
        except StoreFailed as error:  # one file that cannot be read concerns one connection
            raise unreadable(ref, why=f"{error.at}: {error.why}") from None
        if content is None:
            raise missing(ref)
        if not content.startswith(_MAGIC) or len(content) <= _HEAD + _NONCE:
            raise unreadable(ref)
        return content

    def _keys(self) -> list[bytes]:
        """The keys, the one that seals first; none where there is no key file, or nothing in it
        that is a key.
        """
        path = self._folder / _KEY_FILE
        content = self._read(path)
        if content is None:
            return []
        self._keep_private(path)
        try:
            keys = [base64.b64decode(line, validate=True) for line in content.split()]
        except ValueError:
            return []
        return keys if all(len(key) == _KEY_LENGTH for key in keys) else []

    def _write_keys(self, keys: Iterable[bytes]) -> None:
        write_whole(
            self._folder / _KEY_FILE, b"".join(base64.b64encode(key) + b"\n" for key in keys)
        )

    def _new_key(self) -> bytes:
        """Make the key file; called while nobody else changes it."""
        path = self._folder / _KEY_FILE
        if path.exists():  # kept for whoever can still repair it: what it sealed is lost without it
            path.replace(path.with_name(f"{_KEY_FILE}.unusable-{int(time.time())}"))
        key = os.urandom(_KEY_LENGTH)
        self._write_keys([key])
        return key

    def _tidy(self) -> None:
        """Remove what a crash left half written: a copy of the key may be among it."""
        for path in self._folder.glob(f"{UNFINISHED}*"):
            path.unlink(missing_ok=True)

    def _changing(self) -> AbstractContextManager[object]:
        """One process at a time makes the key, seals with it, or changes it."""
        from filelock import FileLock

        return FileLock((self._folder / _KEY_FILE).with_suffix(".lock"), timeout=30, mode=0o600)

    def _make_folder(self) -> None:
        """Make the folder, private; one that is a link, or somebody else's, is refused."""
        make_folder(self._folder)
        found = self._folder.lstat()
        if stat.S_ISLNK(found.st_mode):
            raise OSError(
                errno.ELOOP,
                "it is a link, and secrets are never kept behind one",
                str(self._folder),
            )
        if os.name != "nt" and found.st_uid != os.geteuid():
            raise OSError(errno.EPERM, "it belongs to another user", str(self._folder))
        self._close_folder(found.st_mode)

    def _close_folder(self, mode: int) -> None:
        """Take the folder away from everybody else, and say that it was open."""
        if os.name != "nt" and mode & 0o077:
            self._folder.chmod(0o700)
            log.warning(
                "%s was open to other users of this machine; its mode is 0700 now", self._folder
            )

    def _keep_private(self, path: Path) -> None:
        """Take the key file away from everybody else, and say that it was theirs to read; refuse it
        where that fails.
        """
        if os.name == "nt" or not path.stat().st_mode & 0o077:
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

    def _read(self, path: Path) -> bytes | None:
        try:
            if self._folder.is_symlink():
                raise OSError(
                    errno.ELOOP,
                    "its folder is a link, and secrets are never kept behind one",
                    str(path),
                )
            if self._folder.is_dir():
                self._close_folder(self._folder.stat().st_mode)
            # Where a link lies, opening fails: it could lead to a file that somebody else chose.
            with open(os.open(path, os.O_RDONLY | _NO_LINKS), "rb") as file:  # noqa: PTH123 - opened by its number
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failed("read", error) from None

    def _failed(self, done: str, error: OSError) -> StoreFailed:
        return StoreFailed(
            "FG-secrets-unusable",
            f"a secret could not be {done}",
            at=Place(file=str(error.filename or self._folder)),
            why=error.strerror,
            fix="check that the folder is yours and that the disk has room",
        )


def _key_id(key: bytes) -> bytes:
    """Tells another key from damage, and gives nothing of the key away."""
    return hashlib.sha256(b"fitglue key id" + key).digest()[:_KEY_ID]


def _key_id_of(content: bytes) -> bytes:
    """Which key sealed it."""
    return content[len(_MAGIC) : _HEAD]


def _seal(key: bytes, plain: bytes, ref: str) -> bytes:
    """The bytes of a sealed file; the reference is sealed in too: a file renamed to another
    connection's does not open.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    head, nonce = _MAGIC + _key_id(key), os.urandom(_NONCE)
    return head + nonce + AESGCM(key).encrypt(nonce, plain, head + ref.encode())


def _open(key: bytes, content: bytes, ref: str) -> bytes:
    """What was sealed; raises ``AthleteNeeded`` (FG-secret-unreadable) where one bit is not as it
    was.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(
            content[_HEAD : _HEAD + _NONCE],
            content[_HEAD + _NONCE :],
            content[:_HEAD] + ref.encode(),
        )
    except InvalidTag:
        raise unreadable(ref) from None
