"""The protocol of a secret store, which an embedder may implement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class SecretStore(Protocol):
    """Stores the secret values of connections under references; an embedder may bring its own."""

    def get(self, ref: str) -> dict[str, str]:
        """Return the values that were stored under a reference.

        Raises:
            AthleteNeeded: The values are missing or cannot be opened; the error says what to do.
        """

    def put(self, owner: str, values: Mapping[str, str]) -> str:
        """Store values durably under a new reference.

        Args:
            owner: A text that lets people recognize the secret, for example in a keyring.
            values: The secret values by name, and as ``origin`` the address at which they were
                proven, such as ``https://intervals.icu``. Return all of them from ``get``, since a
                secret without its origin is not sent.

        Returns:
            The reference, which is never used for other values and contains nothing secret.
        """

    def delete(self, ref: str) -> None:
        """Delete the values of a reference; missing ones are no error."""
