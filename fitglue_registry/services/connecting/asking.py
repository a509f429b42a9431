"""Asks an athlete for a permission at a service (OAuth 2): the way there, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from fitglue_registry.errors import AthleteNeeded, Place, UserMistake
from fitglue_registry.services.connecting.storing import store
from fitglue_registry.services.granting.apps import app_of, keep_app, missing_app
from fitglue_registry.services.granting.pending import LIFETIME, Pending, add, is_waited_for, take
from fitglue_registry.services.granting.permissions import endpoint_of, grant_of
from fitglue_registry.services.granting.unused import GivenPermission, taken_back_if_unused
from fitglue_registry.transport.oauth_app import Question
from fitglue_registry.transport.oauth_messages import authorization_address, new_verifier
from fitglue_registry.transport.oauth_tokens import read_scopes
from fitglue_registry.transport.policy import auth_url, policy_from_entry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fitglue_registry.registry import Http, OAuth2, Scope
    from fitglue_registry.secrets.grants import Grant
    from fitglue_registry.services.connecting.proving import Chosen, Prover
    from fitglue_registry.services.connecting.storing import ConnectResult
    from fitglue_registry.services.granting.issuing import Issuer
    from fitglue_registry.transport.oauth_app import App
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
        issuer, oauth = _issuer_of(self.prover.chosen(integration, values))
        app = app_of(self.workspace, integration, issuer)
        return NeededPermission(oauth, knows_app=app is not None)

    def keep_app(
        self,
        integration: str,
        values: Mapping[str, str],
        app: App,
    ) -> None:
        """Keep an app; see ``Connections.keep_app``."""
        issuer, _ = _issuer_of(self.prover.chosen(integration, values))
        keep_app(
            self.workspace,
            integration,
            issuer,
            app,
        )

    def is_answer(self, callback: str) -> bool:
        """Return whether an address is waited for; see ``Connections.is_answer``."""
        return is_waited_for(self.workspace, read_callback(callback).get("state", ""))

    def begin(
        self,
        integration: str,
        values: Mapping[str, str],
        redirect_uri: str,
    ) -> Authorization:
        """Return where the athlete gives the permission; see ``Connections.begin_connect``."""
        chosen = self.prover.chosen(integration, values)
        issuer, oauth = _issuer_of(chosen)
        app = app_of(self.workspace, integration, issuer)
        if app is None:
            raise missing_app(integration, issuer.origin.host)
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
        )
        add(self.workspace, pending, expires_at)
        url = auth_url(_http_of(chosen), oauth.authorize_url, chosen.base_url)
        address = authorization_address(
            oauth,
            url,
            app,
            question,
        )
        return Authorization(address, redirect_uri, expires_at)

    def finish(self, callback: str) -> ConnectResult:
        """Connect with what the browser has brought; see ``Connections.finish_connect``."""
        answer = read_callback(callback)
        pending = take(self.workspace, answer.get("state", ""), self.athlete)
        if pending is None:
            raise _unknown_state()
        chosen = self.prover.chosen(pending.integration, pending.values)
        issuer, oauth = _issuer_of(chosen)
        code = answer.get("code", "")
        if not code:
            raise _denied(issuer, answer, self.workspace)
        self.workspace.redactor.add((code,))
        endpoint = self._endpoint(chosen, issuer)
        grant = grant_of(endpoint.first_tokens(code, pending.question), issuer)
        granted = read_scopes(answer.get("scope"))
        if granted is not None:
            # Some services say only here which scopes the athlete has unticked.
            grant = replace(grant, scopes=granted)
        given = GivenPermission(
            _http_of(chosen),
            oauth,
            chosen.base_url,
            endpoint,
            is_only=not self.prover.connections_at(chosen.integration),
        )
        with taken_back_if_unused(given, grant):
            return self._connected(chosen, oauth, grant)

    def _connected(
        self,
        chosen: Chosen,
        oauth: OAuth2,
        grant: Grant,
    ) -> ConnectResult:
        missing = [what_is_missing(scope) for scope in missing_scopes(oauth, grant)]
        proven = self.prover.proven(chosen, grant)
        notes = (*proven.account.notes, *missing)
        proven = replace(proven, account=replace(proven.account, notes=notes))
        return store(self.workspace, proven, self.athlete)

    def _endpoint(self, chosen: Chosen, issuer: Issuer) -> TokenEndpoint:
        policy = policy_from_entry(_http_of(chosen), chosen.base_url, self.workspace.policy)
        sender = self.workspace.token_sender(policy)
        return endpoint_of(
            self.workspace,
            chosen.integration,
            issuer,
            sender,
        )


def read_callback(callback: str) -> dict[str, str]:
    """Return the parameters of the address to which the browser was sent back.

    Args:
        callback: The address, as the listener received it or as a person pasted it.
    """
    # A terminal or a mail program may have broken the address into lines.
    joined = "".join(callback.split())
    try:
        query = urlsplit(joined).query
    except ValueError:
        return {}
    return {name: values[0] for name, values in parse_qs(query, max_num_fields=100).items()}


def missing_scopes(oauth: OAuth2, grant: Grant) -> list[Scope]:
    """Return the scopes that were asked for and not granted."""
    if grant.scopes is None:
        return []
    return [scope for scope in oauth.scopes if scope.name not in grant.scopes]


def what_is_missing(scope: Scope) -> str:
    """Return a sentence for an athlete who has not given a permission."""
    without = scope.without or "What needs it will be missing."
    return f"You did not give the permission {scope.name}. {without}"


def _issuer_of(chosen: Chosen) -> tuple[Issuer, OAuth2]:
    issuer = chosen.issuer
    if issuer is None or issuer.auth.oauth2 is None:
        raise UserMistake(
            "FG-no-permission-needed",
            f"{chosen.integration} is not connected by a permission in a browser",
            fix="connect it with the values that its entry asks for",
        )
    return issuer, issuer.auth.oauth2


def _http_of(chosen: Chosen) -> Http:
    assert chosen.http is not None  # an issuer comes from this block
    return chosen.http


def _unknown_state() -> UserMistake:
    return UserMistake(
        "FG-permission-unknown",
        "this address does not belong to a permission that is being waited for",
        at=Place(field="state"),
        why="it was used before, is older than ten minutes, belongs to somebody else, or is not "
        "complete",
        fix="connect again, and paste the complete address to which the browser was sent",
    )


def _denied(issuer: Issuer, answer: Mapping[str, str], workspace: Workspace) -> AthleteNeeded:
    said = answer.get("error_description") or answer.get("error") or "it sent no code"
    why = "the service gave no reason that may be shown here"
    if workspace.policy.quotes_responses:
        why = f"the service says: {workspace.redactor.text(ascii(said[:200])[1:-1])}"
    return AthleteNeeded(
        "FG-permission-denied",
        f"{issuer.origin.host} was not given the permission",
        at=Place(url=issuer.url),
        why=why,
        fix="connect again, and allow it",
    )
