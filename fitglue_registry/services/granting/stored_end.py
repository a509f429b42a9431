"""Says when the permission of a connection ends, without asking its service."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError
from fitglue_registry.secrets.binding import read_bound
from fitglue_registry.secrets.grants import read_grant
from fitglue_registry.services.addresses import http_of
from fitglue_registry.services.connection_secrets import owns_secret
from fitglue_registry.transport.permission_end import end_at

if TYPE_CHECKING:
    from datetime import datetime

    from fitglue_registry.secrets.grants import Grant
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.transport.permission_end import PermissionEnd
    from fitglue_registry.workspace import Workspace


def permission_end(workspace: Workspace, connected: ConnectionRow) -> PermissionEnd | None:
    """Return when the permission of a connection ends unless it is renewed, if that is known.

    It is a part of the secret, which is opened only for a connection that has a permission. If it
    cannot be opened, a sync and a check of the connection say why.
    """
    ref = connected.secret_ref
    if not ref or not _has_permission(workspace, connected) or not owns_secret(connected):
        return None
    with suppress(FitglueError):
        bound = read_bound(ref, workspace.secrets.get(ref))
        _, grant = read_grant(ref, bound.values)
        return grant.ends if grant else None
    return None


def ending_with_token(grant: Grant, now: datetime) -> Grant:
    """Return a new grant, which ends with its token if nothing can renew it.

    Args:
        grant: The first tokens of a permission.
        now: The current time.
    """
    if grant.ends is not None or grant.refresh_token or grant.expires_at is None:
        return grant
    return replace(grant, ends=end_at(grant.expires_at, now))


def _has_permission(workspace: Workspace, connected: ConnectionRow) -> bool:
    try:
        http = http_of(workspace.catalogue, workspace.catalogue.get("source", connected.source))
    except FitglueError:  # it is not installed
        return False
    return http is not None and http.auth.oauth2 is not None
