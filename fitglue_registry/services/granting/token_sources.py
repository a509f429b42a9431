"""Keeps the tokens of connections, and renews them: of stored ones, and of those that are new."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fitglue_registry.secrets.binding import bind, mark_restored
from fitglue_registry.secrets.grants import Grant, read_grant, with_grant
from fitglue_registry.services.connection_secrets import replace_values
from fitglue_registry.services.grant_lock import grant_lock
from fitglue_registry.services.granting.issuing import issue
from fitglue_registry.services.secret_use import check_issuer, open_with_row
from fitglue_registry.transport.tokens import Token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.services.granting.issuing import Issuer
    from fitglue_registry.services.secret_use import OpenedSecret
    from fitglue_registry.transport.origin import Origin
    from fitglue_registry.transport.token_sender import TokenSender
    from fitglue_registry.workspace import Workspace


#: How often a secret is looked for that another process is moving.
_MOST_MOVES = 3


@dataclass(frozen=True, slots=True)
class GivenTokens:
    """The tokens of a permission that an athlete has just given.

    Attributes:
        grant: The tokens.
        hidden: Further secrets that no response may repeat: that of the app.
    """

    grant: Grant
    hidden: Mapping[str, str] = field(repr=False)


class NewTokens:
    """The tokens of a connection that is not stored yet; a ``TokenSource``.

    Args:
        issuer: What issues the tokens.
        credentials: The credentials that the athlete has entered.
        given: The tokens of a permission that the athlete has just given.
    """

    def __init__(
        self,
        issuer: Issuer,
        credentials: Mapping[str, str],
        given: GivenTokens | None = None,
    ) -> None:
        grant = given.grant if given else None
        self._issuer = issuer
        self._credentials = credentials
        self._hidden = given.hidden if given else {}
        self._is_permission = grant is not None
        self._lock = threading.Lock()
        self.grant = grant or Grant(issuer.origin)
        """The newest token, which is stored together with the connection."""

    def token(self, sender: TokenSender, rejected: str | None = None) -> Token:
        """Return a token; see ``TokenSource.token``."""
        with self._lock:
            if not self._is_permission and not is_usable(self.grant, rejected, sender):
                self.grant = issue(self._issuer, self._credentials, sender)
            return token_of(self.grant, {**self._credentials, **self._hidden})


class StoredTokens:
    """The tokens of a stored connection, which all processes share; a ``TokenSource``.

    A token is stored before it is used for the first time. Only one process at a time renews it,
    and reads it again first, because another one may have renewed it meanwhile.

    Args:
        workspace: What the host has opened.
        connection_id: The id of the connection.
        origin: The origin that the tokens are sent to.
        issuer: What issues the tokens.
    """

    def __init__(
        self,
        workspace: Workspace,
        connection_id: str,
        origin: Origin,
        issuer: Issuer,
    ) -> None:
        self._workspace = workspace
        self._connection_id = connection_id
        self._origin = origin
        self._issuer = issuer
        self.stored_ref: str | None = None
        """The reference of the secret with the newest token, if this object has stored it."""

    def token(self, sender: TokenSender, rejected: str | None = None) -> Token:
        """Return a token; see ``TokenSource.token``."""
        token, _ = self._stored(sender, rejected)
        if token is not None:
            return token
        with grant_lock(self._workspace, self._connection_id):
            token, opened = self._stored(sender, rejected)
            return token or self._renewed(opened, sender)

    def _stored(
        self,
        sender: TokenSender,
        rejected: str | None,
    ) -> tuple[Token | None, OpenedSecret]:
        """Return the stored token if it can be used, and the secret that it is a part of."""
        opened = self._opened()
        credentials, grant = self._read(opened)
        if grant is None or not is_usable(grant, rejected, sender):
            return None, opened
        return token_of(grant, credentials), opened

    def _opened(self) -> OpenedSecret:
        return open_with_row(self._workspace, self._connection_id, self._origin)

    def _renewed(self, opened: OpenedSecret, sender: TokenSender) -> Token:
        """Request a new token, store it, and return it."""
        credentials, grant = self._read(opened)
        self._check_issuer(opened, grant)
        new = issue(self._issuer, credentials, sender)
        self._store(opened, with_grant(credentials, new))
        return token_of(new, credentials)

    def _check_issuer(self, opened: OpenedSecret, grant: Grant | None) -> None:
        """Check that the credentials may be sent to what issues the tokens."""
        if opened.connected is not None:
            proven = grant.origin if grant else self._origin
            check_issuer(self._workspace, opened.connected, proven, self._issuer.origin)

    def _store(self, opened: OpenedSecret, values: Mapping[str, str]) -> bool:
        """Store the values in place of the secret, unless it was replaced meanwhile."""
        for _ in range(_MOST_MOVES):
            if opened.connected is None:
                return False
            bound = self._bound(opened, values)
            ref = replace_values(self._workspace, opened.connected, bound)
            if ref is not None:
                self.stored_ref = ref
                return True
            now = self._opened()
            # If another key was connected meanwhile, its own token is used from the next request
            # on. A secret that was only moved, such as to the keyring, has the same key.
            if self._key_in(now) != self._key_in(opened):
                return False
            opened = now
        return False

    def _key_in(self, opened: OpenedSecret) -> tuple[dict[str, str], str]:
        """Return what a token is requested with: the credentials, and the refresh token."""
        credentials, grant = self._read(opened)
        return credentials, grant.refresh_token if grant else ""

    def _bound(self, opened: OpenedSecret, values: Mapping[str, str]) -> dict[str, str]:
        """Return values with what the secret says about where they may be sent."""
        bound = bind(values, self._origin)
        return mark_restored(bound) if opened.restored else bound

    def _read(self, opened: OpenedSecret) -> tuple[dict[str, str], Grant | None]:
        ref = opened.connected.secret_ref if opened.connected else None
        return read_grant(ref or "", opened.values)


def is_usable(
    grant: Grant,
    rejected: str | None,
    sender: TokenSender,
) -> bool:
    """Return whether the token of a grant need not be renewed."""
    if not grant.token or grant.token == rejected:
        return False
    return grant.renew_at is None or sender.now() < grant.renew_at


def token_of(grant: Grant, credentials: Mapping[str, str]) -> Token:
    """Return the token of a grant, for a session. Nothing of the grant may be shown."""
    hidden = dict(credentials)
    if grant.refresh_token:
        hidden["refresh-token"] = grant.refresh_token
    return Token(grant.token, grant.renew_at, hidden)
