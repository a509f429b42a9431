"""The keys of a connection for its session: those that are stored, and those that are new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from fitglue_registry.secrets.grants import with_grant
from fitglue_registry.services.granting.token_sources import NewTokens, StoredTokens
from fitglue_registry.services.secret_use import open_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.services.granting.issuing import Issuer
    from fitglue_registry.services.granting.token_sources import GivenTokens
    from fitglue_registry.transport.origin import Origin
    from fitglue_registry.transport.tokens import TokenSource
    from fitglue_registry.workspace import Workspace


class Keys(Protocol):
    """The keys of one connection, which its session requests when it sends its first request."""

    def secrets(self, origin: Origin) -> Mapping[str, str]:
        """Return the secrets of the connection, for requests to an origin."""

    def tokens(self, origin: Origin, issuer: Issuer) -> TokenSource:
        """Return what keeps the tokens for an origin, if the scheme of the entry has tokens."""

    def stored_ref(self) -> str | None:
        """Return the reference of the secret with the newest token, if these keys stored it."""


class StoredKeys:
    """The keys of a stored connection."""

    def __init__(self, workspace: Workspace, connection_id: str) -> None:
        self._workspace = workspace
        self._connection_id = connection_id
        self._tokens: StoredTokens | None = None

    def secrets(self, origin: Origin) -> Mapping[str, str]:
        """Return the secrets, which are decrypted only if a request is made."""
        return open_secret(self._workspace, self._connection_id, origin)

    def tokens(self, origin: Origin, issuer: Issuer) -> StoredTokens:
        """Return what keeps the tokens."""
        source = StoredTokens
        if issuer.auth.oauth2 is not None:
            # Few services use OAuth 2, and oauthlib takes 10 ms to import.
            from fitglue_registry.services.granting.permission_tokens import PermissionTokens

            source = PermissionTokens
        self._tokens = source(
            self._workspace,
            self._connection_id,
            origin,
            issuer,
        )
        return self._tokens

    def stored_ref(self) -> str | None:
        """Return the reference of the secret with the newest token, if these keys stored it."""
        return self._tokens.stored_ref if self._tokens else None


class NewKeys:
    """The keys of a connection that is being proven.

    Args:
        credentials: The credentials that the athlete has entered.
        given: The tokens of a permission that the athlete has just given.
    """

    def __init__(self, credentials: Mapping[str, str], given: GivenTokens | None = None) -> None:
        self._credentials = credentials
        self._given = given
        self._tokens: NewTokens | None = None

    def secrets(self, origin: Origin) -> Mapping[str, str]:  # noqa: ARG002 - the protocol's
        """Return the credentials. The address was checked before they were entered."""
        return self._credentials

    def tokens(self, origin: Origin, issuer: Issuer) -> NewTokens:  # noqa: ARG002 - as above
        """Return what keeps the tokens."""
        self._tokens = NewTokens(issuer, self._credentials, self._given)
        return self._tokens

    def stored_ref(self) -> None:
        """Return ``None``, because nothing is stored."""

    def proven(self) -> dict[str, str]:
        """Return the values to store: the credentials, and the token that was issued for them."""
        if self._tokens is not None:
            return with_grant(self._credentials, self._tokens.grant)
        return with_grant(self._credentials, self._given.grant if self._given else None)
