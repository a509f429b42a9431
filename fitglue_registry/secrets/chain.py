"""The secret store of a machine: it opens every kind of reference and chooses where a new secret
goes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.secrets.references import (
    ENVIRONMENT,
    new_reference,
    split_reference,
    unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fitglue_registry.secrets.file_store import FileSecretStore, Rekeyed
    from fitglue_registry.secrets.keyring_store import KeyringSecretStore
    from fitglue_registry.secrets.protocol import SecretStore

    Scheme = Literal["file", "keyring"]


class ChainSecretStore:
    """Opens a reference with the store that it names, and puts a new secret into the best store of
    this machine.

    A store is opened when it is first asked, by the function that is given for it: a scheduler
    without a desktop reads file references and never imports a keyring. ``others`` holds stores of
    an embedder by the scheme of their references.
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
        """Which store a new secret goes to: the one that ``FITGLUE_SECRETS`` names, else the
        keyring if it is really usable, else an encrypted file.

        Raises ``UserMistake`` (FG-secrets-setting) for any other ``FITGLUE_SECRETS``.
        """
        wanted = _scheme_of_environment()
        if wanted is not None:
            return wanted
        return "keyring" if self._open_keyring().usable() else "file"

    def get(self, ref: str) -> dict[str, str]:
        """Return the values, from the store that the reference names."""
        return self._store_of(ref).get(ref)

    def put(self, owner: str, values: Mapping[str, str]) -> str:
        """Keep the values in the store that ``scheme`` chooses."""
        ref = new_reference(self.scheme, owner)
        self.keep(ref, values)
        return ref

    def keep(self, ref: str, values: Mapping[str, str]) -> None:
        """Keep the values under a reference that was made before, in the store that it names."""
        scheme, _, _ = split_reference(ref)
        self._open(scheme).keep(ref, values)

    def delete(self, ref: str) -> None:
        """Forget the values."""
        self._store_of(ref).delete(ref)

    def rekey(self, refs: Iterable[str]) -> Rekeyed:
        """Change the key file, and seal with the new key what is kept in files."""
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
        f"{ENVIRONMENT} is {wanted[:40]!r}, must be file or keyring",
        at=Place(field=ENVIRONMENT),
        fix=f"set {ENVIRONMENT} to file or keyring, or leave it out",
    )
