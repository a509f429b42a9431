"""Where the secrets of connections are kept; the database holds nothing but a reference to each.

A reference says which store it belongs to (``file:…``, ``keyring:…``), and every ``put`` makes a
new one: write the new secret, commit the reference, then delete the old secret, and a crash between
any two of these steps loses nothing.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from typing import TYPE_CHECKING, Any, Protocol

from fitglue_registry.errors import AthleteNeeded, Place, UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from fitglue_registry.store.sealed import FileSecretStore, Rekeyed

ENVIRONMENT = "FITGLUE_SECRETS"

CONNECT_AGAIN = (
    "connect it again: `fitglue connect` and the name of its service, as `fitglue connections` "
    "shows it"
)

_REFERENCE = re.compile(
    r"(?P<scheme>[a-z]+):(?P<owner>[\w.-]{1,80})/(?P<token>[0-9a-f]{32})\Z", re.ASCII
)
_SERVICE = "fitglue"
_FROM_KEYRING_TO_FILE = (
    "run `fitglue connections rekey --to file` where the keyring is open: an encrypted file "
    "needs no desktop; "
    f"or give the key once more: {ENVIRONMENT}=file fitglue connect …"
)


class SecretStore(Protocol):
    """Keeps the secret values of one connection under a reference; an embedder may bring its
    own.
    """

    def get(self, ref: str) -> dict[str, str]:
        """The values; raises ``AthleteNeeded`` where they are gone or cannot be opened, with what
        to do.
        """

    def put(self, owner: str, values: Mapping[str, str]) -> str:
        """Keep the values durably and return their new reference; ``owner`` is for people to
        recognise it by.
        """

    def delete(self, ref: str) -> None:
        """Forget the values; those that are gone already are no error."""


class MemorySecretStore:
    """Forgets everything at the end of the process."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, str]] = {}

    def get(self, ref: str) -> dict[str, str]:
        """A copy of the values."""
        if ref not in self._values:
            raise missing(ref)
        return dict(self._values[ref])

    def put(self, owner: str, values: Mapping[str, str]) -> str:
        """Keep a copy of the values."""
        ref = new_reference("memory", owner)
        self._values[ref] = dict(values)
        return ref

    def delete(self, ref: str) -> None:
        """Forget the values."""
        self._values.pop(ref, None)


class KeyringSecretStore:
    """The keyring of the desktop; imported with the first use, since that takes as long as a whole
    command may.
    """

    def usable(self) -> bool:
        """Whether a real keyring answers: not the one that always fails, nor one that writes in
        clear.
        """
        import keyring

        try:
            backend = keyring.get_keyring()
            if backend.priority < 1:
                return False
            keyring.get_password(_SERVICE, "is this keyring open?")
        except Exception:  # noqa: BLE001 - backends raise what their system raises; any of it means no
            return False
        return True

    def get(self, ref: str) -> dict[str, str]:
        """The values from the keyring; raises ``AthleteNeeded`` (FG-keyring-unavailable) where it
        is absent or locked.
        """
        content = self._ask("get_password", ref)
        if content is None:
            raise missing(ref)
        return parse(ref, content)

    def put(self, owner: str, values: Mapping[str, str]) -> str:
        """Keep the values in the keyring."""
        ref = new_reference("keyring", owner)
        self.keep(ref, values)
        return ref

    def keep(self, ref: str, values: Mapping[str, str]) -> None:
        """Keep the values under a reference that was made before."""
        self._ask("set_password", ref, json.dumps(dict(values)))

    def delete(self, ref: str) -> None:
        """Take the values out of the keyring."""
        if self._ask("get_password", ref) is not None:
            self._ask("delete_password", ref)

    def _ask(self, method: str, ref: str, *more: str) -> Any:
        _, owner, token = split_reference(ref)
        import keyring
        import keyring.errors

        try:
            return getattr(keyring, method)(_SERVICE, f"{owner}/{token}", *more)
        except Exception as error:  # noqa: BLE001 - backends raise what their system raises; none of it may stop the other connections
            why = f"{type(error).__name__} of {type(keyring.get_keyring()).__module__}"
        raise AthleteNeeded(
            "FG-keyring-unavailable",
            "the keyring that holds this connection's key cannot be opened",
            at=Place(field=ref),
            why=why,
            fix=_FROM_KEYRING_TO_FILE,
        )


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
    from fitglue_registry.store.sealed import FileSecretStore

    return FileSecretStore(home / "secrets")


def new_reference(scheme: str, owner: str) -> str:
    """A reference that was never used before."""
    plain = re.sub(r"[^\w.-]+", "-", owner, flags=re.ASCII)[:80] or "connection"
    return f"{scheme}:{plain}/{secrets.token_hex(16)}"


def split_reference(ref: str) -> tuple[str, str, str]:
    """Scheme, owner and token; raises ``AthleteNeeded`` (FG-secret-unreadable) for what is no
    reference: it may become a path.
    """
    match = _REFERENCE.match(ref)
    if match is None:
        raise unreadable(ref, why="that is no reference to a secret")
    return match["scheme"], match["owner"], match["token"]


def missing(ref: str) -> AthleteNeeded:
    """The error for a reference whose values are gone."""
    return AthleteNeeded(
        "FG-secret-missing",
        "the key of this connection is no longer stored",
        at=Place(field=ref),
        fix=CONNECT_AGAIN,
    )


def unreadable(ref: str, why: str = "it does not open as what it was sealed as") -> AthleteNeeded:
    """The error for values that are there and make no sense."""
    return AthleteNeeded(
        "FG-secret-unreadable",
        "the stored secret of this connection is damaged or was moved",
        at=Place(field=ref[:120]),
        why=why,
        fix=CONNECT_AGAIN,
    )


def parse(ref: str, content: str | bytes) -> dict[str, str]:
    """The values as they were written; raises ``AthleteNeeded`` (FG-secret-unreadable) for anything
    else.
    """
    try:
        values = json.loads(content)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise unreadable(ref, why="it was written by something else")
    return {str(name): str(value) for name, value in values.items()}
