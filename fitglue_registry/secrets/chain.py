"""The secret store of a machine: reads every kind of reference and chooses where a new one goes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.secrets.keyring_store import KeyringSecretStore
from fitglue_registry.secrets.references import (
    ENVIRONMENT,
    new_reference,
    split_reference,
    unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from fitglue_registry.secrets.file_store import FileSecretStore, Rekeyed
    from fitglue_registry.secrets.protocol import SecretStore


class ChainSecretStore:
    """Opens a reference with the store that it names, and puts new secrets into the best store of
    this machine.

    Nothing is imported for a store that is not asked: a scheduler without a desktop reads file
    references, and no keyring.
    """

    def __init__(self, home: Path, stores: Mapping[str, SecretStore] | None = None) -> None:
        self._home = home
        self._stores = dict(stores or {})

    @property
    def scheme(self) -> str:
        """Which store a new secret goes to."""
        return default_scheme()

    def get(self, ref: str) -> dict[str, str]:
        """The values, from the store that the reference names."""
        return self._store(split_reference(ref)[0]).get(ref)

    def put(self, owner: str, values: Mapping[str, str]) -> str:
        """Keep the values in the store that ``default_secret_store`` chooses."""
        ref = new_reference(default_scheme(), owner)
        self.keep(ref, values)
        return ref

    def keep(self, ref: str, values: Mapping[str, str]) -> None:
        """Keep the values under a reference that was made before, in the store that it names."""
        scheme = split_reference(ref)[0]
        (_open_file(self._home) if scheme == "file" else KeyringSecretStore()).keep(ref, values)

    def rekey(self, refs: Iterable[str]) -> Rekeyed:
        """Change the key file, and seal with the new key what is kept in files."""
        return _open_file(self._home).rekey(ref for ref in refs if ref.startswith("file:"))

    def delete(self, ref: str) -> None:
        """Forget the values."""
        self._store(split_reference(ref)[0]).delete(ref)

    def _store(self, scheme: str) -> SecretStore:
        if scheme not in self._stores:
            self._stores[scheme] = _open(scheme, self._home)
        return self._stores[scheme]


def open_secret_store(home: Path) -> SecretStore:
    """The store of a machine: reads every kind of reference, writes to the best one there is."""
    return ChainSecretStore(home)


def default_secret_store(home: Path) -> SecretStore:
    """Where a new secret goes: what ``FITGLUE_SECRETS`` says, else the keyring if it is really
    usable, else an encrypted file.
    """
    return _open(default_scheme(), home)


def default_scheme() -> str:
    """``file`` or ``keyring``; raises ``UserMistake`` (FG-secrets-setting) for any other
    ``FITGLUE_SECRETS``.
    """
    wanted = os.environ.get(ENVIRONMENT, "").strip().lower()
    if wanted not in ("", "file", "keyring"):
        raise UserMistake(
            "FG-secrets-setting",
            f"{ENVIRONMENT} is {wanted[:40]!r}, must be file or keyring",
            at=Place(field=ENVIRONMENT),
            fix=f"set {ENVIRONMENT} to file or keyring, or leave it out",
        )
    return wanted or ("keyring" if KeyringSecretStore().usable() else "file")


def _open(scheme: str, home: Path) -> SecretStore:
    if scheme == "keyring":
        return KeyringSecretStore()
    if scheme == "file":
        return _open_file(home)
    raise unreadable(scheme, why="only the application that stored it knows that kind of store")


def _open_file(home: Path) -> FileSecretStore:
    from fitglue_registry.secrets.file_store import FileSecretStore

    return FileSecretStore(home / "secrets")
