"""A secret store in the keyring of the desktop.

Importing ``keyring`` takes as long as a whole command may, so this module is imported only for a
reference to the keyring, or to learn whether a new secret can go there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import keyring

from fitglue_registry.errors import AthleteNeeded, Place
from fitglue_registry.secrets.references import (
    ENVIRONMENT,
    decode_values,
    encode_values,
    missing,
    new_reference,
    split_reference,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_Answer = TypeVar("_Answer")

_SERVICE = "fitglue"
_FROM_KEYRING_TO_FILE = (
    "run `fitglue connections rekey --to file` where the keyring is open: an encrypted file "
    "needs no desktop; "
    f"or give the key once more: {ENVIRONMENT}=file fitglue connect …"
)


class KeyringSecretStore:
    """Keeps each secret as one password of the service ``fitglue``."""

    def usable(self) -> bool:
        """Whether a real keyring answers: neither the one that always fails nor one that writes in
        clear.
        """
        try:
            backend = keyring.get_keyring()
            if backend.priority < 1:
                return False
            keyring.get_password(_SERVICE, "is this keyring open?")
        except Exception:  # noqa: BLE001 - any error of the backend's system means no
            return False
        return True

    def get(self, ref: str) -> dict[str, str]:
        """Return the values from the keyring; raises ``AthleteNeeded`` (FG-keyring-unavailable)
        where it is absent or locked.
        """
        content = self._ask(keyring.get_password, ref)
        if content is None:
            raise missing(ref)
        return decode_values(ref, content)

    def put(self, owner: str, values: Mapping[str, str]) -> str:
        """Keep the values in the keyring."""
        ref = new_reference("keyring", owner)
        self.keep(ref, values)
        return ref

    def keep(self, ref: str, values: Mapping[str, str]) -> None:
        """Keep the values under a reference that was made before."""
        self._ask(keyring.set_password, ref, encode_values(values))

    def delete(self, ref: str) -> None:
        """Take the values out of the keyring."""
        if self._ask(keyring.get_password, ref) is not None:
            self._ask(keyring.delete_password, ref)

    def _ask(self, function: Callable[..., _Answer], ref: str, *content: str) -> _Answer:
        _, owner, token = split_reference(ref)
        try:
            return function(_SERVICE, f"{owner}/{token}", *content)
        # Backends raise what their system raises; none of it may stop the other connections.
        except Exception as error:  # noqa: BLE001
            backend = type(keyring.get_keyring()).__module__
            why = f"{type(error).__name__} of {backend}"
        # Raised here, after the handler: a backend's exception may hold the secret.
        raise AthleteNeeded(
            "FG-keyring-unavailable",
            "the keyring that holds this connection's key cannot be opened",
            at=Place(field=ref),
            why=why,
            fix=_FROM_KEYRING_TO_FILE,
        )
