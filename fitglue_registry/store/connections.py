"""The connections of athletes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.plugin_api import Account
from fitglue_registry.store.athletes import ensure_athlete
from fitglue_registry.store.tables import (
    connections,
    opinions,
    records,
    source_activities,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection as Db
    from sqlalchemy.engine import Row


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """A connection as the store knows it; its secrets lie elsewhere, ``secret_ref`` names them."""

    id: str
    athlete_id: str
    name: str
    integration: str
    source: str
    account: Account
    settings: Mapping[str, str]
    secret_ref: str | None
    state: str
    state_error: Mapping[str, Any] | None
    horizon: date | None
    created_at: str
    last_checked_at: str | None
    full_walk_at: str | None


def _connected(row: Row[Any]) -> ConnectionRow:
    account = Account(
        row.account_id, row.account_name, row.timezone, tuple(msgspec.json.decode(row.notes))
    )
    return ConnectionRow(
        row.id,
        row.athlete_id,
        row.name,
        row.integration,
        row.source,
        account,
        msgspec.json.decode(row.settings),
        row.secret_ref,
        row.state,
        msgspec.json.decode(row.state_error) if row.state_error else None,
        _day(row.horizon),
        row.created_at,
        row.last_checked_at,
        row.full_walk_at,
    )


def list_connections(db: Db, athlete_id: str | None = None) -> list[ConnectionRow]:
    """The connections of an athlete, or of all, oldest first."""
    query = sa.select(connections).order_by(connections.c.created_at, connections.c.name)
    if athlete_id is not None:
        query = query.where(connections.c.athlete_id == athlete_id)
    return [_connected(row) for row in db.execute(query)]


def get_connection(db: Db, connection_id: str) -> ConnectionRow | None:
    """The connection of that id."""
    row = db.execute(sa.select(connections).where(connections.c.id == connection_id)).first()
    return _connected(row) if row else None


def add_connection(
    db: Db,
    *,
    athlete_id: str,
    integration: str,
    source: str,
    account: Account,
    settings: Mapping[str, str],
    secret_ref: str | None,
    connection_id: str,
    now: str,
) -> ConnectionRow:
    """Store a new connection under the first free name: ``intervals``, ``intervals-2``, …"""
    taken = set(
        db.scalars(sa.select(connections.c.name).where(connections.c.athlete_id == athlete_id))
    )
    names = (
        integration if number == 1 else f"{integration}-{number}"
        for number in range(1, len(taken) + 2)
    )
    db.execute(
        sa.insert(connections).values(
            id=connection_id,
            athlete_id=athlete_id,
            name=next(name for name in names if name not in taken),
            integration=integration,
            source=source,
            created_at=now,
            **_account_values(account, settings, secret_ref),
        )
    )
    found = get_connection(db, connection_id)
    assert found is not None
    return found


def unstored_connection(
    athlete_id: str,
    integration: str,
    source: str,
    account: Account,
    settings: Mapping[str, str],
    connection_id: str,
    name: str,
    now: str,
) -> ConnectionRow:
    """A connection as it would be, for a rehearsal."""
    return ConnectionRow(
        connection_id,
        athlete_id,
        name,
        integration,
        source,
        account,
        settings,
        None,
        "ok",
        None,
        None,
        now,
        None,
        None,
    )


def ensure_connection(db: Db, connected: ConnectionRow, now: str) -> None:
    """Store a connection that is not there, as a rehearsal does in a transaction that is rolled
    back.
    """
    if get_connection(db, connected.id) is None:
        ensure_athlete(db, connected.athlete_id, now)
        add_connection(
            db,
            athlete_id=connected.athlete_id,
            integration=connected.integration,
            source=connected.source,
            account=connected.account,
            settings=connected.settings,
            secret_ref=None,
            connection_id=connected.id,
            now=now,
        )


def renew_connection(
    db: Db,
    connection_id: str,
    account: Account,
    settings: Mapping[str, str],
    secret_ref: str | None,
) -> None:
    """New credentials for the same account: whatever had stopped the connection is forgiven."""
    db.execute(
        sa.update(connections)
        .where(connections.c.id == connection_id)
        .values(state="ok", state_error=None, **_account_values(account, settings, secret_ref))
    )


def _account_values(
    account: Account, settings: Mapping[str, str], secret_ref: str | None
) -> dict[str, Any]:
    return {
        "account_id": account.id,
        "account_name": account.name,
        "timezone": account.timezone,
        "secret_ref": secret_ref,
        "notes": msgspec.json.encode(list(account.notes)).decode(),
        "settings": msgspec.json.encode(dict(settings)).decode(),
    }


def update_connection(db: Db, connection_id: str, **values: Any) -> None:
    """Set columns of a connection."""
    db.execute(sa.update(connections).where(connections.c.id == connection_id).values(**values))


def remove_connection(db: Db, connection_id: str) -> list[str]:
    """Remove a connection with its records; the ids of the activities that its source activities
    belonged to come back.
    """
    mine = sa.select(records.c.id).where(records.c.connection_id == connection_id)
    theirs = sa.select(source_activities.c.id).where(source_activities.c.record_id.in_(mine))
    touched = list(
        db.scalars(
            sa.select(source_activities.c.activity_id)
            .distinct()
            .where(
                source_activities.c.record_id.in_(mine),
                source_activities.c.activity_id.is_not(None),
            )
        )
    )
    db.execute(
        sa.delete(opinions).where(
            sa.or_(opinions.c.first_id.in_(theirs), opinions.c.second_id.in_(theirs))
        )
    )
    db.execute(sa.delete(connections).where(connections.c.id == connection_id))
    return [activity for activity in touched if activity]


def new_connection_id() -> str:
    """A random id that no two databases share."""
    return secrets.token_hex(8)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
