"""The secret store of a machine, which combines the keyring, encrypted files and an embedder's own.

It opens every kind of reference, and chooses where a new secret is stored.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.secrets.references import (
    ENVIRONMENT,
    new_reference,
    split_reference,
    unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from fitglue_registry.secrets.file_store import FileSecretStore, Rekeyed
    from fitglue_registry.secrets.keyring_store import KeyringSecretStore
    from fitglue_registry.secrets.protocol import SecretStore

    Scheme = Literal["file", "keyring"]


class ChainSecretStore:
    """Opens a secret with the store that its reference names, and stores new ones in the best one.

    A store is opened when it is first used: a scheduler without a desktop reads encrypted files and
    never imports a keyring.

    Args:
        open_file_store: Opens the store of encrypted files.
        open_keyring: Opens the keyring.
        others: The stores of an embedder, by the scheme of their references.
    """

    def __init__(
        self,
        open_file_store: Callable[[], FileSecretStore],
        open_keyring: Callable[[], KeyringSecretStore],
        others: Mapping[str, SecretStore] | None = None,
    ) -> None:
        self._open_file_store = open_file_store
        self._open_keyring = open_keyring
        self._others = dict(others or {})

    @property
    def scheme(self) -> Scheme:
        """The store for new secrets.

        It is the one that ``FITGLUE_SECRETS`` names; if that is not set, the keyring if it can be
        used, and encrypted files otherwise.

        Raises:
            UserMistake: FG-secrets-setting for any other value of ``FITGLUE_SECRETS``.
        """
        wanted = _scheme_of_environment()
        if wanted is not None:
            return wanted
        return "keyring" if self._open_keyring().is_usable() else "file"

    def get(self, ref: str) -> dict[str, str]:
        """Return the values from the store that the reference names."""
        return self._store_of(ref).get(ref)

    def put(self, owner: str, values: Mapping[str, str]) -> str:
        """Store the values in the store for new secrets, and return their new reference."""
        ref = new_reference(self.scheme, owner)
        self.keep(ref, values)
        return ref

    def keep(self, ref: str, values: Mapping[str, str]) -> None:
        """Store the values under a reference that was made before, in the store that it names."""
        scheme, _, _ = split_reference(ref)
        self._open(scheme).keep(ref, values)

    @contextmanager
    def reserved(self, ref: str) -> Iterator[Callable[[Mapping[str, str]], None] | None]:
        """Make sure that other values can be stored under a reference, until the block ends.

        A keyring cannot take space in advance. Therefore the space is taken beside it, and given
        back when the keyring needs it.

        Yields:
            A function that stores the values; ``None`` if an embedder's store has the secret.

        Raises:
            StoreFailed: FG-secrets-unusable if the disk has no space for them.
        """
        scheme, owner, token = split_reference(ref)
        if scheme in self._others:
            yield None
            return
        files = self._open_file_store()
        with files.reserved(f"file:{owner}/{token}") as space:

            def keep(values: Mapping[str, str]) -> None:
                if scheme == "file":
                    files.keep_in(space, ref, values)
                    return
                space.release()
                self.keep(ref, values)

            yield keep

    def delete(self, ref: str) -> None:
        """Delete the values from the store that the reference names."""
        self._store_of(ref).delete(ref)

    def rekey(self, refs: Iterable[str]) -> Rekeyed:
        """Make a new key, and seal the secrets in files with it; other references are ignored."""
        in_files = [ref for ref in refs if ref.startswith("file:")]
        return self._open_file_store().rekey(in_files)

    def _store_of(self, ref: str) -> SecretStore:
        scheme, _, _ = split_reference(ref)
        return self._others.get(scheme) or self._open(scheme)

    def _open(self, scheme: str) -> FileSecretStore | KeyringSecretStore:
        if scheme == "file":
            return self._open_file_store()
        if scheme == "keyring":
            return self._open_keyring()
        raise unreadable(scheme, why="only the application that stored it knows that kind of store")


def _scheme_of_environment() -> Scheme | None:
    wanted = os.environ.get(ENVIRONMENT, "").strip().lower()
    if not wanted:
        return None
    if wanted == "file":
        return "file"
    if wanted == "keyring":
        return "keyring"
    raise UserMistake(
        "FG-secrets-setting",
        f"{ENVIRONMENT} is {wanted[:40]!r}, but must be file or keyring",
        at=Place(field=ENVIRONMENT),
        fix=f"set {ENVIRONMENT} to file or keyring, or leave it out",
    )
