"""Asks an athlete for a permission at a service (OAuth 2): the way there, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fitglue_registry.errors import UserMistake
from fitglue_registry.services.connecting.browser_answers import (
    incomplete,
    is_complete,
    not_given,
    read_callback,
    unknown_answer,
)
from fitglue_registry.services.connecting.entry_fields import oauth2_of
from fitglue_registry.services.connecting.redirects import check_redirect
from fitglue_registry.services.connecting.storing import store
from fitglue_registry.services.granting.apps import (
    app_of,
    check_storable,
    hidden_of,
    keep_app,
    missing_app,
    service_name,
)
from fitglue_registry.services.granting.pending import LIFETIME, Pending, add, is_waited_for, take
from fitglue_registry.services.granting.renewing import endpoint_of, grant_of
from fitglue_registry.services.granting.stored_end import ending_with_token
from fitglue_registry.services.granting.token_sources import GivenTokens
from fitglue_registry.services.granting.unticked import missing_scopes, what_is_missing
from fitglue_registry.services.granting.unused import GivenPermission, taken_back_if_unused
from fitglue_registry.transport.oauth_app import App, Question
from fitglue_registry.transport.oauth_messages import authorization_address, new_verifier
from fitglue_registry.transport.oauth_tokens import read_scopes, scopes_in_both
from fitglue_registry.transport.policy import auth_url, policy_from_entry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fitglue_registry.registry import Http, OAuth2
    from fitglue_registry.secrets.grants import Grant
    from fitglue_registry.services.connecting.proving import Chosen, Prover
    from fitglue_registry.services.connecting.storing import ConnectResult
    from fitglue_registry.services.granting.issuing import Issuer
    from fitglue_registry.transport.oauth_tokens import TokenEndpoint
    from fitglue_registry.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Authorization:
    """Where to send the browser of an athlete, so that the athlete gives a permission there.

    Attributes:
        address: The address. It contains a random text that only this athlete's browser may have.
        redirect_uri: The address to which the browser is sent back.
        expires_at: Until when the browser has to be back.
    """

    address: str
    redirect_uri: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NeededPermission:
    """The permission that an integration asks for.

    Attributes:
        oauth: The ``oauth2`` block of its entry.
        knows_app: Whether the app of this installation is known; otherwise, it must be entered.
    """

    oauth: OAuth2
    knows_app: bool

    def new_app(self, client_id: str, client_secret: str = "") -> App:
        """Return an app that was entered, for ``begin_connect``."""
        return App(client_id, client_secret)


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks one athlete for permissions.

    Attributes:
        workspace: What the host has opened.
        prover: Proves connections of the athlete.
        athlete: The athlete.
    """

    workspace: Workspace
    prover: Prover
    athlete: str

    def needed(self, integration: str, values: Mapping[str, str]) -> NeededPermission:
        """Return what is asked for; see ``Connections.permission_of``."""
        _, issuer, oauth = self._chosen(integration, values)
        app = app_of(self.workspace, integration, issuer)
        return NeededPermission(oauth, knows_app=app is not None)

    def is_answer(self, callback: str) -> bool:
        """Return whether an address is waited for; see ``Connections.is_answer``."""
        answer = read_callback(callback)
        return is_complete(answer) and is_waited_for(self.workspace, answer["state"])

    def check_answer(self, callback: str, authorization: Authorization) -> None:
        """Check a pasted address; see ``Connections.check_answer``."""
        mistake = incomplete(callback, authorization.address, authorization.redirect_uri)
        if mistake is None and not self.is_answer(callback):
            mistake = unknown_answer()
        if mistake is not None:
            raise mistake

    def begin(
        self,
        integration: str,
        values: Mapping[str, str],
        redirect_uri: str,
        app: App | None = None,
    ) -> Authorization:
        """Return where the athlete gives the permission; see ``Connections.begin_connect``."""
        chosen, issuer, oauth = self._chosen(integration, values)
        check_redirect(redirect_uri)
        if app is not None:
            check_storable(self.workspace, integration)
        asking = app or app_of(self.workspace, integration, issuer)
        if asking is None:
            raise missing_app(self.workspace, integration)
        # Refuses a base URL to which nothing may be sent, before the browser is sent there.
        policy_from_entry(_http_of(chosen), chosen.base_url, self.workspace.policy)
        question = Question(redirect_uri, new_verifier(), new_verifier())
        self.workspace.redactor.add((question.state, question.verifier))
        expires_at = self.workspace.clock.now() + LIFETIME
        pending = Pending(
            integration,
            values,
            self.athlete,
            question,
            app,
        )
        add(self.workspace, pending, expires_at)
        url = auth_url(_http_of(chosen), oauth.authorize_url, chosen.base_url)
        address = authorization_address(
            oauth,
            url,
            asking,
            question,
        )
        return Authorization(address, redirect_uri, expires_at)

    def finish(self, callback: str) -> ConnectResult:
        """Connect with what the browser has brought; see ``Connections.finish_connect``."""
        answer = read_callback(callback)
        if not is_complete(answer):
            raise unknown_answer()
        pending = take(self.workspace, answer["state"], self.athlete)
        if pending is None:
            raise unknown_answer()
        chosen = self.prover.chosen(pending.integration, pending.values)
        issuer, oauth = _issuer_of(chosen)
        endpoint = self._endpoint(chosen, issuer, pending.app)
        grant = pending.grant
        if grant is None:
            grant = self._first_grant(pending, issuer, endpoint, answer)
        given = GivenPermission(
            _http_of(chosen),
            oauth,
            chosen.base_url,
            endpoint,
            is_only=not self.prover.connections_at(chosen.integration),
        )
        pending = replace(pending, grant=grant)
        with taken_back_if_unused(self.workspace, given, pending):
            if pending.app is not None:
                # Not before: the service has just accepted it.
                keep_app(
                    self.workspace,
                    pending.integration,
                    issuer,
                    pending.app,
                )
            return self._connected(chosen, oauth, grant)

    def _first_grant(
        self,
        pending: Pending,
        issuer: Issuer,
        endpoint: TokenEndpoint,
        answer: Mapping[str, str],
    ) -> Grant:
        """Return the tokens for the code in an answer of the service."""
        code = answer.get("code", "")
        if not code:
            service = service_name(self.workspace, pending.integration)
            raise not_given(
                service,
                issuer.url,
                answer,
                self.workspace,
            )
        self.workspace.redactor.add((code,))
        grant = grant_of(endpoint.first_tokens(code, pending.question), issuer)
        # Some services say only here which scopes the athlete has unticked, and others repeat here
        # what was asked for.
        scopes = scopes_in_both(grant.scopes, read_scopes(answer.get("scope")))
        grant = replace(grant, scopes=scopes)
        return ending_with_token(grant, self.workspace.clock.now())

    def _connected(
        self,
        chosen: Chosen,
        oauth: OAuth2,
        grant: Grant,
    ) -> ConnectResult:
        missing = [what_is_missing(scope) for scope in missing_scopes(oauth, grant)]
        issuer, _ = _issuer_of(chosen)
        app = app_of(self.workspace, chosen.integration, issuer)
        proven = self.prover.proven(chosen, GivenTokens(grant, hidden_of(app)))
        notes = (*proven.account.notes, *missing)
        proven = replace(proven, account=replace(proven.account, notes=notes))
        return store(self.workspace, proven, self.athlete)

    def _endpoint(
        self,
        chosen: Chosen,
        issuer: Issuer,
        app: App | None,
    ) -> TokenEndpoint:
        policy = policy_from_entry(_http_of(chosen), chosen.base_url, self.workspace.policy)
        sender = self.workspace.token_sender(policy)
        return endpoint_of(
            self.workspace,
            chosen.integration,
            issuer,
            sender,
            app,
        )

    def _chosen(
        self,
        integration: str,
        values: Mapping[str, str],
    ) -> tuple[Chosen, Issuer, OAuth2]:
        """Return what an athlete connects with.

        Raises:
            UserMistake: FG-no-permission-needed, before its values are read: they may be missing.
        """
        if oauth2_of(self.workspace, integration) is None:
            raise _no_permission_needed(integration)
        chosen = self.prover.chosen(integration, values)
        return chosen, *_issuer_of(chosen)


def _issuer_of(chosen: Chosen) -> tuple[Issuer, OAuth2]:
    issuer = chosen.issuer
    if issuer is None or issuer.auth.oauth2 is None:
        raise _no_permission_needed(chosen.integration)
    return issuer, issuer.auth.oauth2


def _http_of(chosen: Chosen) -> Http:
    assert chosen.http is not None  # an issuer comes from this block
    return chosen.http


def _no_permission_needed(integration: str) -> UserMistake:
    return UserMistake(
        "FG-no-permission-needed",
        f"{integration} is not connected by a permission in a browser",
        fix="connect it with the values that its entry asks for",
    )
