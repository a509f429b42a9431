"""Stores connections that their services have accepted, together with their secrets."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from fitglue_registry.errors import Busy
from fitglue_registry.registry.part_options import choice_texts, choices_in
from fitglue_registry.services.addresses import http_of
from fitglue_registry.services.connected_entries import NO_SOURCE
from fitglue_registry.services.connecting.finding import named, to_account
from fitglue_registry.services.connecting.webhooks import with_earlier
from fitglue_registry.services.connection_secrets import change_secrets, owner_of, track_secret
from fitglue_registry.services.permissions import check_connections
from fitglue_registry.store.athletes import ensure_athlete, lock_athlete
from fitglue_registry.store.connections import (
    ConnectionRow,
    add_connection,
    list_connections,
    new_connection_id,
    renew_connection,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.plugin_api import Account
    from fitglue_registry.registry import Entry
    from fitglue_registry.workspace import Workspace

#: How often to look up the connection to an account again that others are changing.
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class ConnectResult:
    """A connection that was accepted by its service and stored.

    Attributes:
        connection: The stored connection.
        account: The account, as the service reported it. Its notes include those about the first
            sync, if that is still to come.
        renewed: Whether the account was already connected, and has new credentials now.
        made: The secret of a webhook that was made here. It is shown once, and to nobody else.
    """

    connection: ConnectionRow
    account: Account
    renewed: bool
    made: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Proven:
    """A connection that the service has accepted, before it is stored."""

    connection_id: str
    source: Entry
    account: Account
    settings: Mapping[str, str]
    secret: Mapping[str, str] = field(repr=False)  # with its origin
    made: str | None = field(default=None, repr=False)

    @property
    def integration(self) -> str:
        """The id of the integration's entry."""
        return self.source.integration or self.source.id


class _ChangedMeanwhile(Exception):
    """Raised if another call has changed the connection to an account since it was looked up."""


def store(workspace: Workspace, proven: Proven, athlete: str) -> ConnectResult:
    """Store a new connection and its secret, or give them to the one that has the account.

    Raises:
        Busy: FG-connection-changing if others connect and remove the account all the time.
        StoreFailed: The connection or its secret cannot be stored.
    """
    for _ in range(_ATTEMPTS):
        existing = to_account(_all(workspace, athlete), proven.integration, proven.account)
        if existing is not None:
            # What is stored about the account has the id under which it was connected first.
            account = replace(proven.account, id=existing.account.id)
            proven = replace(proven, connection_id=existing.id, account=account)
        with suppress(_ChangedMeanwhile):
            _try_to_store(workspace, proven, existing, athlete)
            connected = named(_all(workspace, athlete), proven.connection_id)
            account = _with_first_notes(proven.account, connected)
            renewed = existing is not None
            return ConnectResult(connected, account, renewed, proven.made)
        proven = replace(proven, connection_id=new_connection_id())
    raise Busy(
        "FG-connection-changing",
        f"the connection to {proven.account.id} is being connected and removed by others",
        fix="connect again",
    )


def _with_first_notes(account: Account, connected: ConnectionRow) -> Account:
    """Add the notes about the first sync, unless that has ended: a renewal need not repeat them."""
    if connected.last_checked_at is not None:
        return account
    return replace(account, notes=(*account.first_notes, *account.notes))


def _all(workspace: Workspace, athlete: str) -> list[ConnectionRow]:
    with workspace.database.read() as db:
        return list_connections(db, athlete)


def _try_to_store(
    workspace: Workspace,
    proven: Proven,
    existing: ConnectionRow | None,
    athlete: str,
) -> None:
    """Store a new connection, or update ``existing``.

    Raises:
        _ChangedMeanwhile: Another call has connected or removed the account since ``existing`` was
            looked up. Nothing is stored: a secret belongs to one connection.
    """
    with change_secrets(workspace) as change:
        ref = None
        if proven.secret:
            owner = owner_of(proven.integration, proven.connection_id)
            ref = change.put(owner, _secret(workspace, proven, existing))
        if existing is not None:
            track_secret(change, existing)
        with workspace.database.write() as db:
            ensure_athlete(db, athlete, workspace.now)
            lock_athlete(db, athlete)
            connections = list_connections(db, athlete)
            now = to_account(connections, proven.integration, proven.account)
            if _id_of(now) != _id_of(existing):
                raise _ChangedMeanwhile
            if now is not None:
                settings = {**_choices(proven.source, now), **proven.settings}
                renew_connection(db, now.id, proven.account, settings, ref)
            else:
                check_connections(workspace.policy, len(connections))
                _add(db, proven, athlete, workspace.now, ref)
        # The end of this change deletes the old secret. Without the flush, a power cut could undo
        # the commit after that, and the database would name the deleted secret again.
        workspace.database.flush_commits()


def _secret(
    workspace: Workspace,
    proven: Proven,
    existing: ConnectionRow | None,
) -> Mapping[str, str]:
    """Return the secret to store; that of a webhook keeps the one that it replaces for a while."""
    http = http_of(workspace.installed, proven.source)
    if existing is None or http is None or not http.auth.is_webhook:
        return proven.secret
    return with_earlier(workspace, http.auth, existing, proven.secret)


def _choices(source: Entry, connected: ConnectionRow) -> dict[str, str]:
    """Return the athlete's choices of parts, which have nothing to do with the key."""
    return choice_texts(choices_in(source, connected.settings))


def _id_of(connected: ConnectionRow | None) -> str | None:
    return None if connected is None else connected.id


def _add(
    db: Db,
    proven: Proven,
    athlete: str,
    now: str,
    secret_ref: str | None,
) -> None:
    """Add the row of a new connection."""
    connection = ConnectionRow(
        id=proven.connection_id,
        athlete_id=athlete,
        name=proven.integration,
        integration=proven.integration,
        source=proven.source.id if proven.source.kind == "source" else NO_SOURCE,
        account=proven.account,
        settings=proven.settings,
        created_at=now,
        secret_ref=secret_ref,
    )
    add_connection(db, connection)
