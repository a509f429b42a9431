"""Takes a permission back at its service when its connection is removed (RFC 7009)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError
from fitglue_registry.policy.policy import BASE_URL
from fitglue_registry.secrets.grants import read_grant
from fitglue_registry.services.addresses import http_of
from fitglue_registry.services.grant_lock import grant_lock
from fitglue_registry.services.granting.issuing import issuer_of
from fitglue_registry.services.granting.renewing import endpoint_of
from fitglue_registry.services.permissions import Permissions
from fitglue_registry.services.secret_use import check_issuer, open_with_row
from fitglue_registry.transport.policy import auth_url, policy_from_entry

if TYPE_CHECKING:
    from fitglue_registry.registry import Http
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.workspace import Workspace


def revoke(workspace: Workspace, connected: ConnectionRow, http: Http) -> str | None:
    """Take the permission of a connection back at its service.

    Args:
        workspace: What the host has opened.
        connected: The connection, which is about to be removed.
        http: The ``http`` block of its entry, with a ``revoke_url``.

    Returns:
        Why the permission could not be taken back, or ``None`` if it was, or if there is none.
    """
    try:
        with grant_lock(workspace, connected.id):
            return _revoke(workspace, connected, http)
    # Whatever the service or the secret store says, the athlete wants the connection removed.
    except FitglueError as error:
        return error.what


def http_with_revocation(workspace: Workspace, connected: ConnectionRow) -> Http | None:
    """Return the ``http`` block of a connection if its service takes permissions back."""
    source = workspace.installed.find("source", connected.source)
    if source is None:
        return None
    http = http_of(workspace.installed, source)
    oauth = http.auth.oauth2 if http else None
    return http if oauth and oauth.revoke_url else None


def _base_url(workspace: Workspace, connected: ConnectionRow) -> str | None:
    """Return the server that a connection uses in place of that of its entry, if any."""
    source = workspace.installed.get("source", connected.source)
    integration = workspace.installed.get("integration", connected.integration)
    operators = Permissions(workspace.policy, integration, source).operators_settings()
    return {**connected.settings, **operators}.get(BASE_URL) or None


def _revoke(workspace: Workspace, connected: ConnectionRow, http: Http) -> str | None:
    base_url = _base_url(workspace, connected)
    issuer = issuer_of(http, base_url)
    oauth = http.auth.oauth2
    assert issuer is not None  # the caller has looked
    assert oauth is not None
    policy = policy_from_entry(http, base_url, workspace.policy)
    opened = open_with_row(workspace, connected.id, policy.origin)
    _, grant = read_grant(connected.secret_ref or "", opened.values)
    if grant is None:
        return None
    check_issuer(
        workspace,
        connected,
        grant.origin,
        issuer.origin,
    )
    sender = workspace.token_sender(policy)
    endpoint = endpoint_of(
        workspace,
        connected.integration,
        issuer,
        sender,
    )
    url = auth_url(http, oauth.revoke_url or "", base_url)
    # A service that takes the refresh token back also ends the tokens that came from it.
    if endpoint.revoke(url, grant.refresh_token or grant.token):
        return None
    return f"{issuer.origin.host} did not accept that"
