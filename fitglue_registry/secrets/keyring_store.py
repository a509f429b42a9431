"""A secret store in the keyring of the operating system or desktop.

Importing ``keyring`` takes longer than some commands run, so this module is imported only to open a
reference to the keyring, or to find out whether a new secret can be stored there.
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

_Result = TypeVar("_Result")

_SERVICE = "fitglue"
_FROM_KEYRING_TO_FILE = (
    "run `fitglue connections rekey --to file` in a session in which the keyring is unlocked, "
    "because an encrypted file needs no desktop; "
    f"or connect again: {ENVIRONMENT}=file fitglue connect …"
)


class KeyringSecretStore:
    """Stores each secret as one password of the service ``fitglue``."""

    def is_usable(self) -> bool:
        """Return whether this machine has a keyring that works and encrypts."""
        try:
            backend = keyring.get_keyring()
            # The backend that always fails has priority 0, and those that write plain text are
            # below 1.
            if backend.priority < 1:
                return False
            # A keyring can be present but locked, which shows only when it is asked for something.
            keyring.get_password(_SERVICE, "is this keyring open?")
        except Exception:  # noqa: BLE001 - a backend raises any error of its system
            return False
        return True

    def get(self, ref: str) -> dict[str, str]:
        """Return the values from the keyring.

        Raises:
            AthleteNeeded: FG-keyring-unavailable if the keyring is absent or locked,
                FG-secret-missing if it has no such secret.
        """
        content = self._call(keyring.get_password, ref)
        if content is None:
            raise missing(ref)
        return decode_values(ref, content)

    def put(self, owner: str, values: Mapping[str, str]) -> str:
        """Store the values in the keyring, and return their new reference."""
        ref = new_reference("keyring", owner)
        self.keep(ref, values)
        return ref

    def keep(self, ref: str, values: Mapping[str, str]) -> None:
        """Store the values under a reference that was made before."""
        self._call(keyring.set_password, ref, encode_values(values))

    def delete(self, ref: str) -> None:
        """Delete the values from the keyring; missing ones are no error."""
        if self._call(keyring.get_password, ref) is not None:
            self._call(keyring.delete_password, ref)

    def _call(
        self,
        function: Callable[..., _Result],
        ref: str,
        *content: str,
    ) -> _Result:
        _, owner, token = split_reference(ref)
        try:
            return function(_SERVICE, f"{owner}/{token}", *content)
        # Backends raise errors of their systems, and none of them may stop other connections.
        except Exception as error:  # noqa: BLE001
            backend = type(keyring.get_keyring()).__module__
            why = f"{type(error).__name__} of {backend}"
        # Raised outside the handler: otherwise the backend's exception, which may contain the
        # secret, would be attached to this one and could appear in a traceback.
        raise AthleteNeeded(
            "FG-keyring-unavailable",
            "the keyring that holds this connection's key cannot be opened",
            at=Place(field=ref),
            why=why,
            fix=_FROM_KEYRING_TO_FILE,
        )
