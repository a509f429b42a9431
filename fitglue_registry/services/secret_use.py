"""Opens the secret of a connection for the one address at which it was proven."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from fitglue_registry.errors import AthleteNeeded, FitglueError, KeyUnavailable, Place
from fitglue_registry.policy.policy import BASE_URL
from fitglue_registry.secrets.binding import bind, mark_restored, read_bound
from fitglue_registry.services.addresses import (
    chosen_origin,
    own_issuers,
    own_origins,
    shown,
)
from fitglue_registry.services.connection_secrets import (
    change_values,
    not_its_own,
    owns_secret,
    with_secrets,
)
from fitglue_registry.store.connections import get_connection

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from fitglue_registry.secrets.binding import BoundSecret
    from fitglue_registry.services.addresses import OwnOrigins
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.transport.origin import Origin, OtherAddress
    from fitglue_registry.workspace import Workspace

#: The code of the error for a secret that was not sent.
NOT_PROVEN = "FG-address-not-proven"

log = logging.getLogger(__name__)


def open_secret(
    workspace: Workspace,
    connection_id: str,
    origin: Origin,
) -> Mapping[str, str]:
    """Return the current secret of a connection, for a request to one origin.

    The secret may have been renewed since the connection was read, so the row is read again.

    Args:
        workspace: What the host has opened.
        connection_id: The id of the connection.
        origin: Where the secret is to be sent.

    Returns:
        The secret values by name; empty for a connection without a secret.

    Raises:
        KeyUnavailable: FG-address-not-proven if the secret was proven at another address, or an
            error of the secret store.
    """
    return open_with_row(workspace, connection_id, origin).values


class OpenedSecret(NamedTuple):
    """The secret of a connection, for requests to one origin.

    Attributes:
        connected: The row of the connection that names the secret; ``None`` if it was removed.
        values: The secret values by name; empty for a connection without a secret.
        restored: Whether the secret comes from a backup.
    """

    connected: ConnectionRow | None
    values: Mapping[str, str]
    restored: bool = False


def open_with_row(
    workspace: Workspace,
    connection_id: str,
    origin: Origin,
) -> OpenedSecret:
    """Return the current secret of a connection with the row that names it; see ``open_secret``."""
    try:
        return _secret_for(workspace, connection_id, origin)
    except AthleteNeeded as error:
        reason = error
    # Raised outside the handler, so that no exception of a secret store is attached to it.
    raise unavailable(reason)


def unavailable(reason: AthleteNeeded) -> KeyUnavailable:
    """Return an error about a secret as one that says nothing about the key itself."""
    return KeyUnavailable(
        reason.code,
        reason.what,
        at=reason.at,
        why=reason.why,
        fix=reason.fix,
    )


def _secret_for(
    workspace: Workspace,
    connection_id: str,
    origin: Origin,
) -> OpenedSecret:
    connected = _row(workspace, connection_id)
    if connected is None or not connected.secret_ref:
        return OpenedSecret(connected, {})
    try:
        secret = _read(workspace, connected)
    except AthleteNeeded:
        now = _row(workspace, connection_id)
        if now is None or now.secret_ref == connected.secret_ref:
            raise
        # Another process has replaced the secret between the two steps, and deleted the old one.
        return _secret_for(workspace, connection_id, origin)
    opened = OpenedSecret(connected, secret.values, secret.restored)
    if secret.origin == origin:
        return opened
    own = own_origins(workspace, connected)
    if not _may_move(secret, origin, own):
        raise _not_proven(connected, secret.origin, origin, own)
    _bind_again(workspace, connected, origin)
    return opened


def _row(workspace: Workspace, connection_id: str) -> ConnectionRow | None:
    with workspace.database.read() as db:
        return get_connection(db, connection_id)


def _read(workspace: Workspace, connected: ConnectionRow) -> BoundSecret:
    """Return the secret of a connection, if it was stored for this connection."""
    ref = connected.secret_ref or ""
    if not owns_secret(connected):
        raise not_its_own(connected)
    return read_bound(ref, workspace.secrets.get(ref))


def check_issuer(
    workspace: Workspace,
    connected: ConnectionRow,
    proven: Origin,
    issuer: Origin,
) -> None:
    """Check that the credentials of a connection may be sent to what issues its tokens.

    Args:
        workspace: What the host has opened.
        connected: The connection.
        proven: The origin at which the credentials were exchanged for a token before.
        issuer: The origin to which they are to be sent.

    Raises:
        KeyUnavailable: FG-address-not-proven.
    """
    if issuer == proven:
        return
    own = own_issuers(workspace, connected)
    if issuer != own.now or proven not in own.formerly:
        raise unavailable(_not_proven(connected, proven, issuer, own))


def is_proven(workspace: Workspace, connected: ConnectionRow) -> bool:
    """Return whether this machine has proven the secret of a connection at its present address.

    A secret from a backup was proven on another machine. It may still be sent to its own address,
    but says nothing about where a new one may be sent.
    """
    origin = chosen_origin(connected.settings, own_origins(workspace, connected))
    if origin is None or not connected.secret_ref:
        return False
    try:
        secret = _read(workspace, connected)
    except AthleteNeeded:
        return False
    return secret.origin == origin and not secret.restored


def mark_installed(workspace: Workspace, tokens: Collection[str]) -> None:
    """Mark the secrets that a restore has installed as coming from a backup.

    Args:
        workspace: What the host has opened, with the restored database.
        tokens: The last parts of their references, which are the names of their files.
    """
    for connected in with_secrets(workspace):
        ref = connected.secret_ref or ""
        if ref.rpartition("/")[2] not in tokens:
            continue
        try:
            stored = workspace.local_secrets.get(ref)
        except AthleteNeeded:  # it cannot be opened, so it proves nothing
            continue
        workspace.local_secrets.keep(ref, mark_restored(stored))


def not_confirmed(integration: str, other: OtherAddress) -> AthleteNeeded:
    """Return the error for a new key that was not sent to the address of a connection."""
    fix = f"if you trust that address: fitglue connect {integration} --base-url {other.address}"
    if other.own:
        connect = f"fitglue connect {integration} --base-url {other.own}"
        fix = f"to use the service itself: {connect}; {fix}"
    return AthleteNeeded(
        "FG-address-not-confirmed",
        f"nothing was sent to {other.address}",
        at=Place(field=f"the address of {other.connection}"),
        why=f"the connection {other.connection} {other}, and no key or permission was proven "
        "there on this machine",
        fix=fix,
    )


def _may_move(
    secret: BoundSecret,
    origin: Origin,
    own: OwnOrigins,
) -> bool:
    """Return whether a secret may be sent to an origin other than its own.

    It may only be sent to the origin of the installed entry: if it was stored before secrets were
    bound, or if the entry says that the service was formerly at the origin of the secret.
    """
    if origin != own.now:
        return False
    return secret.origin is None or secret.origin in own.formerly


def _bind_again(
    workspace: Workspace,
    connected: ConnectionRow,
    origin: Origin,
) -> None:
    """Store the secret with its new origin, in the store in which it is.

    If that fails, the secret can still be used, and the next use tries again.
    """
    try:
        # Another process may have done this, or renewed the key; then nothing is to be done.
        change_values(workspace, connected, lambda stored: bind(stored, origin))
    except FitglueError as error:
        log.warning(
            "the credentials of %s could not be bound to %s: %s; the next sync tries again",
            connected.name,
            origin,
            error.what,
        )


def _not_proven(
    connected: ConnectionRow,
    proven: Origin | None,
    origin: Origin,
    own: OwnOrigins,
) -> AthleteNeeded:
    why = "they were stored before FitGlue noted at which address credentials were proven"
    if proven is not None:
        why = f"they were proven at {proven}, and may not be sent to any other address"
    if own.now is not None and origin != own.now:
        why += f"; the address of this service is {own.now}"
    return AthleteNeeded(
        "FG-address-not-proven",
        f"the credentials of {connected.name} were not sent to {origin}",
        at=Place(field=f"the address of {connected.name}"),
        why=why,
        fix=_fix(connected, origin, own),
    )


def _fix(
    connected: ConnectionRow,
    origin: Origin,
    own: OwnOrigins,
) -> str:
    connect = f"fitglue connect {connected.integration}"
    if own.now == origin:
        return f"if you trust that address, connect again: {connect}"
    # With its path, which the origin does not have.
    chosen = connected.settings.get(BASE_URL)
    trusted = f"{connect} --base-url {shown(chosen) if chosen else origin}"
    if not own.address:
        return f"if you trust that address, connect again: {trusted}"
    return (
        f"if you did not choose that address: {connect} --base-url {own.address}; if you trust it, "
        f"connect again: {trusted}"
    )
