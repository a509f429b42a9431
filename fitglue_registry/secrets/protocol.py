"""The protocol of a secret store, which an embedder may implement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class SecretStore(Protocol):
    """Keeps the secret values of one connection under a reference; an embedder may bring its
    own.
    """

    def get(self, ref: str) -> dict[str, str]:
        """Return the values; raises ``AthleteNeeded`` where they are gone or cannot be opened, with
        what to do.
        """

    def put(self, owner: str, values: Mapping[str, str]) -> str:
        """Keep the values durably and return their new reference; ``owner`` is for people to
        recognise it by.
        """

    def delete(self, ref: str) -> None:
        """Forget the values; those that are gone already are no error."""
