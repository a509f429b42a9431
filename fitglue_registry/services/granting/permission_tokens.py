"""Keeps the tokens of a permission that an athlete has given (OAuth 2), and renews them.

A service may replace the refresh token at each renewal and accept the old one only once. Therefore
two things are stored: before the service is asked, the time at which the renewal begins (the mark);
and before they are used, the new tokens. If the process is killed in between, or if the answer of
the service is lost, the mark stays, so that the athlete can be told why a permission has ended.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from fitglue_registry.errors import AthleteNeeded, FitglueError
from fitglue_registry.secrets.grants import with_grant
from fitglue_registry.services.granting.apps import app_of, hidden_of
from fitglue_registry.services.granting.renewing import endpoint_of, permission_ended, renew
from fitglue_registry.services.granting.reserving import reserved_secret
from fitglue_registry.services.granting.token_sources import StoredTokens, is_usable, token_of
from fitglue_registry.services.granting.unticked import missing_scopes
from fitglue_registry.transport.oauth_tokens import PermissionEnded
from fitglue_registry.transport.trail import Trail

if TYPE_CHECKING:
    from fitglue_registry.secrets.grants import Grant
    from fitglue_registry.services.secret_use import OpenedSecret
    from fitglue_registry.transport.oauth_tokens import TokenEndpoint
    from fitglue_registry.transport.token_sender import TokenSender
    from fitglue_registry.transport.tokens import Token


class PermissionTokens(StoredTokens):
    """The tokens of a stored permission, which all processes share; a ``TokenSource``."""

    def token(self, sender: TokenSender, rejected: str | None = None) -> Token:
        """Return a token; see ``TokenSource.token``.

        The secret of the app is hidden with it, and it says what the athlete has not given.
        """
        token = super().token(sender, rejected)
        hidden = dict(token.credentials)
        not_given: tuple[str, ...] = ()
        # Without the app, nothing can be renewed, and a renewal says so.
        with suppress(FitglueError):
            opened = self._opened()
            not_given = self._not_given(opened)
            hidden |= hidden_of(
                app_of(self._workspace, self._integration(opened), self._issuer),
            )
        return replace(token, credentials=hidden, not_given=not_given)

    def _not_given(self, opened: OpenedSecret) -> tuple[str, ...]:
        """Return the names of the scopes that the athlete has not given."""
        _, grant = self._read(opened)
        oauth = self._issuer.auth.oauth2
        if grant is None or oauth is None:
            return ()
        return tuple(scope.name for scope in missing_scopes(oauth, grant))

    def _renewed(self, opened: OpenedSecret, sender: TokenSender) -> Token:
        """Renew the tokens, store them, and return the one for requests."""
        grant = self._grant_in(opened)
        endpoint = endpoint_of(self._workspace, self._integration(opened), self._issuer, sender)
        opened = self._with_mark(opened, grant, sender)
        marked = self._grant_in(opened)
        if marked.refresh_token != grant.refresh_token:
            return self._of_others(opened, sender)
        trail = Trail()
        try:
            return self._renewed_and_stored(opened, endpoint, trail)
        except PermissionEnded as ended:
            why = ended.why
        except FitglueError:
            self._remove_mark(opened, grant, trail)
            raise
        self._remove_mark(opened, grant, trail)
        now = self._opened()
        # Somebody who does not share this lock may have renewed the tokens.
        if self._grant_in(now).refresh_token != grant.refresh_token:
            return self._of_others(now, sender)
        raise permission_ended(
            endpoint,
            why,
            # The service may have carried out an attempt whose answer was lost, and refused the
            # next one therefore.
            marked if trail.maybe_done else grant,
        )

    def _renewed_and_stored(
        self,
        opened: OpenedSecret,
        endpoint: TokenEndpoint,
        trail: Trail,
    ) -> Token:
        """Renew the tokens and store them; the space for them is taken before."""
        assert opened.connected is not None  # its grant was read
        credentials, _ = self._read(opened)
        grant = self._grant_in(opened)
        with reserved_secret(self._workspace, opened.connected) as keep:
            new = renew(endpoint, self._issuer, grant, trail)
            values = with_grant(credentials, new)
            if keep is None or not keep(self._bound(opened, values)):
                self._store(opened, values)
        return token_of(new, credentials)

    def _with_mark(
        self,
        opened: OpenedSecret,
        grant: Grant,
        sender: TokenSender,
    ) -> OpenedSecret:
        """Store that a renewal begins, if the service will replace the refresh token.

        This also shows, before anything is replaced, that the new tokens can be stored. The mark of
        an earlier renewal is therefore stored again, with its own time.
        """
        oauth = self._issuer.auth.oauth2
        if oauth is None or oauth.refresh == "fixed":
            return opened
        credentials, _ = self._read(opened)
        marked = replace(grant, began_at=grant.began_at or sender.now())
        self._store(opened, with_grant(credentials, marked))
        return self._opened()

    def _remove_mark(
        self,
        opened: OpenedSecret,
        grant: Grant,
        trail: Trail,
    ) -> None:
        """Store that no renewal is under way, if the service has certainly carried out none.

        The mark of an earlier renewal stays: nobody knows what the service did then.
        """
        if trail.maybe_done or grant.began_at is not None:
            return
        if self._grant_in(opened).began_at is None:
            return
        credentials, _ = self._read(opened)
        # If it cannot be removed, it stays: what has happened is said in any case.
        with suppress(FitglueError):
            self._store(opened, with_grant(credentials, grant))

    def _of_others(self, opened: OpenedSecret, sender: TokenSender) -> Token:
        """Return the token that another process or a new permission has stored."""
        credentials, _ = self._read(opened)
        grant = self._grant_in(opened)
        if is_usable(grant, None, sender):
            return token_of(grant, credentials)
        return self._renewed(opened, sender)

    def _grant_in(self, opened: OpenedSecret) -> Grant:
        """Return the grant of a secret, after checking where its refresh token may be sent."""
        _, grant = self._read(opened)
        if grant is None:
            raise AthleteNeeded(
                "FG-key-missing",
                "no permission is stored for this connection",
                fix=f"give it again: fitglue connect {self._integration(opened)}",
            )
        self._check_issuer(opened, grant)
        return grant

    def _integration(self, opened: OpenedSecret) -> str:
        return opened.connected.integration if opened.connected else ""
