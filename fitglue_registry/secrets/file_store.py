"""A secret store in a folder of encrypted ("sealed") files: one per reference, beside the key file.

It is the fallback for machines without a keyring, and keeps the secrets out of the database and of
backups of the database. It does not protect them from someone who can read the whole folder.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.durable import sync_folder, write_atomically
from fitglue_registry.errors import AthleteNeeded, FitglueError, Place, StoreFailed
from fitglue_registry.secrets import key_file
from fitglue_registry.secrets.key_file import KeyFile
from fitglue_registry.secrets.private_folder import PrivateFolder
from fitglue_registry.secrets.references import (
    CONNECT_AGAIN,
    decode_values,
    encode_values,
    missing,
    new_reference,
    split_reference,
    unreadable,
)
from fitglue_registry.secrets.reserved_space import SUFFIX, ReservedSpace
from fitglue_registry.secrets.sealing import is_sealed, key_id, key_id_of, new_key, seal, unseal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_SUFFIX = ".sealed"


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """The result of a change of the key."""

    outcomes: dict[str, FitglueError | None]  # reference → None, or why it could not be opened
    old_keys: int  # how many old keys stay, because other files were sealed with them


class FileSecretStore:
    """The secrets in one folder.

    Args:
        folder: The folder, which is created with the first secret.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = PrivateFolder(folder)
        self._key_file = KeyFile(self._folder)

    def get(self, ref: str) -> dict[str, str]:
        """Return the values.

        Raises:
            AthleteNeeded: FG-secret-missing if the file does not exist, FG-secret-key-lost without
                the key that sealed it, FG-secret-unreadable if it is damaged.
        """
        content = self._sealed_content(ref)
        wanted = key_id_of(content)
        for key in self._key_file.read():
            if key_id(key) == wanted:
                return decode_values(ref, unseal(key, content, ref))
        raise AthleteNeeded(
            "FG-secret-key-lost",
            "the key file that opens this connection's secret is missing or was replaced",
            at=Place(file=str(self._key_file.path)),
            why="a secret can only be opened with the key that encrypted it",
            fix=f"put the key file back from a backup, or {CONNECT_AGAIN}",
        )

    def put(self, owner: str, values: Mapping[str, str]) -> str:
        """Seal the values into a new file, and return its reference; create the key file first."""
        ref = new_reference("file", owner)
        self.keep(ref, values)
        return ref

    def keep(self, ref: str, values: Mapping[str, str]) -> None:
        """Seal the values into the file of a reference that was made before."""
        try:
            self._folder.make()
            # If another process changed the key now, it would not see this file, and could drop the
            # key that sealed it.
            with self._key_file.lock():
                self._folder.tidy()
                keys = self._key_file.read() or [self._key_file.make()]
                self._seal(ref, values, keys[0])
        except OSError as error:
            raise self._folder.failure("written", error) from None

    @contextmanager
    def reserved(self, ref: str) -> Iterator[ReservedSpace]:
        """Take space for other values of a reference, until the block ends.

        Only one process at a time may do so for one reference.

        Raises:
            StoreFailed: FG-secrets-unusable if the disk has no space for them.
        """
        path = self._path(ref)
        space = ReservedSpace(path.with_suffix(SUFFIX))
        try:
            self._folder.make()
            space.take()
        except OSError as error:
            raise self._folder.failure("written", error) from None
        try:
            yield space
        finally:
            space.release()

    def keep_in(
        self,
        space: ReservedSpace,
        ref: str,
        values: Mapping[str, str],
    ) -> None:
        """Seal other values into the file of a reference, in space that was taken before."""
        try:
            with self._key_file.lock():
                keys = self._key_file.read() or [self._key_file.make()]
                plain = encode_values(values).encode()
                space.turn_into(self._path(ref), seal(keys[0], plain, ref))
        except OSError as error:
            raise self._folder.failure("written", error) from None

    def delete(self, ref: str) -> None:
        """Delete the sealed file durably."""
        try:
            path = self._path(ref)
            path.unlink(missing_ok=True)
            # Left over by a process that was killed.
            path.with_suffix(SUFFIX).unlink(missing_ok=True)
            if self._folder.path.is_dir():
                sync_folder(self._folder.path)
        except OSError as error:
            raise self._folder.failure("deleted", error) from None

    def rekey(self, refs: Iterable[str]) -> Rekeyed:
        """Make a new key, and seal every secret of ``refs`` with it.

        Killed at any write, it loses nothing: the key file contains both keys until no file needs
        the old one, and the next call completes the change.

        Args:
            refs: The references of the secrets in this store.

        Returns:
            The outcome for each reference. A secret that cannot be opened stays unchanged.

        Raises:
            StoreFailed: FG-secrets-unusable if the folder cannot be written.
        """
        if not self._folder.path.is_dir():
            return Rekeyed({}, 0)
        try:
            with self._key_file.lock():
                self._folder.tidy()
                old_keys = self._key_file.read() or [self._key_file.make()]
                key = new_key()
                self._key_file.write([key, *old_keys])
                outcomes = {ref: self._seal_again(ref, key) for ref in refs}
                still_needed = self._still_used(old_keys)
                self._key_file.write([key, *still_needed])
        except OSError as error:
            raise self._folder.failure("encrypted with a new key", error) from None
        return Rekeyed(outcomes, len(still_needed))

    def files_of(self, refs: Iterable[str]) -> dict[str, bytes]:
        """Return the contents of the key file and of these references' files, by file name.

        Nothing is returned if there is no key file. A backup contains these files unchanged.
        """
        if not self._key_file.path.is_file():
            return {}
        tokens = [ref.rpartition("/")[2] for ref in refs if ref.startswith("file:")]
        names = [key_file.NAME, *(f"{token}{_SUFFIX}" for token in tokens)]
        # Without the lock, a change of the key could happen between two reads, and the key file
        # would not open the other files.
        with self._key_file.lock():
            paths = [self._folder.path / name for name in names]
            return {path.name: path.read_bytes() for path in paths if path.is_file()}

    def _seal(
        self,
        ref: str,
        values: Mapping[str, str],
        key: bytes,
    ) -> None:
        plain = encode_values(values).encode()
        write_atomically(self._path(ref), seal(key, plain, ref))

    def _seal_again(self, ref: str, key: bytes) -> FitglueError | None:
        try:
            values = self.get(ref)
        except FitglueError as error:
            return error
        self._seal(ref, values, key)
        return None

    def _still_used(self, keys: Iterable[bytes]) -> list[bytes]:
        """Return those keys that sealed a file in this folder.

        All files are read, not only those of known references: a file may belong to another
        database, and its key must stay.
        """
        needed = set()
        for path in self._folder.path.glob(f"*{_SUFFIX}"):
            content = self._folder.read(path) or b""
            needed.add(key_id_of(content))
        return [key for key in keys if key_id(key) in needed]

    def _path(self, ref: str) -> Path:
        scheme, _, token = split_reference(ref)
        if scheme != "file":
            raise unreadable(ref)
        return self._folder.path / f"{token}{_SUFFIX}"

    def _sealed_content(self, ref: str) -> bytes:
        try:
            content = self._folder.read(self._path(ref))
        # One file that cannot be read concerns one connection; the others can still be synced.
        except StoreFailed as error:
            raise unreadable(ref, why=f"{error.at}: {error.why}") from None
        if content is None:
            raise missing(ref)
        if not is_sealed(content):
            raise unreadable(ref)
        return content
