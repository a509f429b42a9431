"""Says which permissions an athlete has not given, without asking the service."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError
from fitglue_registry.secrets.binding import read_bound
from fitglue_registry.secrets.grants import read_grant
from fitglue_registry.services.addresses import http_of
from fitglue_registry.services.connection_secrets import owns_secret

if TYPE_CHECKING:
    from fitglue_registry.registry import OAuth2, Scope
    from fitglue_registry.secrets.grants import Grant
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.workspace import Workspace


def missing_scopes(oauth: OAuth2, grant: Grant) -> list[Scope]:
    """Return the scopes that were asked for and not granted."""
    if grant.scopes is None:
        return []
    return [scope for scope in oauth.scopes if scope.name not in grant.scopes]


def what_is_missing(scope: Scope) -> str:
    """Return a sentence for an athlete who has not given a permission."""
    sentence = f"You did not give the permission {scope.name}."
    return f"{sentence} {scope.without}" if scope.without else sentence


def unticked(workspace: Workspace, connected: ConnectionRow) -> tuple[str, ...]:
    """Return a sentence for each permission that the athlete has not given to a connection.

    What was granted is a part of the secret, which is opened only for a connection that has a
    permission. If it cannot be opened, a sync and a check of the connection say why.
    """
    oauth = _oauth_of(workspace, connected)
    ref = connected.secret_ref
    if oauth is None or not ref or not owns_secret(connected):
        return ()
    with suppress(FitglueError):
        bound = read_bound(ref, workspace.secrets.get(ref))
        _, grant = read_grant(ref, bound.values)
        if grant is not None:
            return tuple(what_is_missing(scope) for scope in missing_scopes(oauth, grant))
    return ()


def _oauth_of(workspace: Workspace, connected: ConnectionRow) -> OAuth2 | None:
    try:
        http = http_of(workspace.catalogue, workspace.catalogue.get("source", connected.source))
    except FitglueError:  # it is not installed
        return None
    return http.auth.oauth2 if http else None
