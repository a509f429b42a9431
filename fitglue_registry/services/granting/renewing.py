"""Renews the tokens of a permission that an athlete has given, and explains when it has ended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fitglue_registry.errors import AthleteNeeded, Place
from fitglue_registry.secrets.grants import Grant
from fitglue_registry.services.granting.apps import app_of, missing_app, service_name
from fitglue_registry.transport.oauth_tokens import (
    PermissionEnded,
    TokenEndpoint,
    scopes_in_both,
)
from fitglue_registry.transport.permission_end import later_end

if TYPE_CHECKING:
    from fitglue_registry.services.granting.issuing import Issuer
    from fitglue_registry.transport.oauth_app import App
    from fitglue_registry.transport.oauth_tokens import IssuedGrant
    from fitglue_registry.transport.token_sender import TokenSender
    from fitglue_registry.transport.trail import Trail
    from fitglue_registry.workspace import Workspace


def endpoint_of(
    workspace: Workspace,
    integration: str,
    issuer: Issuer,
    sender: TokenSender,
    app: App | None = None,
) -> TokenEndpoint:
    """Return what issues and renews the tokens of an integration for the app of this installation.

    Args:
        workspace: What the host has opened.
        integration: The id of the integration.
        issuer: What issues its tokens.
        sender: Sends the requests.
        app: An app to use in place of the one that is known here.

    Raises:
        AthleteNeeded: FG-app-missing if the app is not known here.
    """
    oauth = issuer.auth.oauth2
    assert oauth is not None  # the check of the entry demands it
    app = app or app_of(workspace, integration, issuer)
    if app is None:
        raise missing_app(workspace, integration)
    return TokenEndpoint(
        oauth,
        issuer.url,
        app,
        sender,
        service_name(workspace, integration),
        integration,
    )


def grant_of(issued: IssuedGrant, issuer: Issuer, before: Grant | None = None) -> Grant:
    """Return what is stored of issued tokens.

    Args:
        issued: The tokens.
        issuer: What has issued them.
        before: The grant that they renew. Its refresh token and scopes stay valid if the response
            has none.
    """
    token = issued.token
    grant = Grant(
        issuer.origin,
        token.value,
        token.expires_at,
        token.renew_at,
        issued.refresh_token,
        issued.scopes,
        ends=issued.ends,
    )
    if before is None:
        return grant
    ends = later_end(before.ends, grant.ends)
    # Nothing is known about the end of another refresh token unless the response states it.
    if grant.refresh_token not in ("", before.refresh_token) and grant.ends is None:
        ends = None
    return replace(
        grant,
        ends=ends,
        refresh_token=grant.refresh_token or before.refresh_token,
        # A renewal never gives more than the athlete has (RFC 6749, 6).
        scopes=scopes_in_both(before.scopes, grant.scopes),
    )


def renew(
    endpoint: TokenEndpoint,
    issuer: Issuer,
    grant: Grant,
    trail: Trail,
) -> Grant:
    """Return the renewed tokens of a grant.

    Args:
        endpoint: What renews them.
        issuer: What has issued the grant.
        grant: The grant.
        trail: Learns whether the service may have replaced the tokens, although this raises an
            error.

    Raises:
        PermissionEnded: The service does not accept the refresh token, or there is none.
        AthleteNeeded: FG-app-refused.
        Retryable: The service cannot be asked now, or does not work.
    """
    if not grant.refresh_token:
        raise PermissionEnded("it has issued no token that could renew the permission")
    return grant_of(endpoint.renewed(grant.refresh_token, trail), issuer, grant)


def permission_ended(
    endpoint: TokenEndpoint,
    why: str,
    grant: Grant,
) -> AthleteNeeded:
    """Return the error for a permission that the service no longer accepts.

    Args:
        endpoint: What has issued the tokens.
        why: What the service has responded.
        grant: The grant before this renewal. If an earlier renewal of it was interrupted, that is
            the most likely reason.
    """
    reason = f"{why}; you may have revoked it there, or it was not used for too long"
    if not grant.refresh_token:
        reason = why
        if grant.expires_at is not None:
            reason += f"; it was given until {grant.expires_at:%Y-%m-%d %H:%M} UTC"
    elif grant.began_at is not None:
        began = f"{grant.began_at:%Y-%m-%d %H:%M} UTC"
        reason = (
            f"{why}; a renewal that began at {began} was interrupted before its result could be "
            "stored, and the service has probably replaced the permission then"
        )
    return AthleteNeeded(
        "FG-permission-ended",
        f"{endpoint.service} no longer accepts your permission",
        at=Place(url=endpoint.url),
        why=reason,
        fix=f"give it again: fitglue connect {endpoint.integration}; nothing that was fetched is "
        "lost",
    )
