"""The connections of athletes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.model.stored import ConnectionState
from fitglue_registry.plugin_api import Account
from fitglue_registry.store.athletes import ensure_athlete
from fitglue_registry.store.days import day_of
from fitglue_registry.store.tables import connections, opinions, records, source_activities

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

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
    created_at: str
    secret_ref: str | None = None
    state: str = ConnectionState.OK
    state_error: Mapping[str, Any] | None = None
    horizon: date | None = None
    last_checked_at: str | None = None
    full_walk_at: str | None = None


# -- reading ---------------------------------------------------------------------------------------


def list_connections(db: Db, athlete_id: str | None = None) -> list[ConnectionRow]:
    """The connections of an athlete, or of all, oldest first."""
    query = sa.select(connections).order_by(connections.c.created_at, connections.c.name)
    if athlete_id is not None:
        query = query.where(connections.c.athlete_id == athlete_id)
    return [_loaded(row) for row in db.execute(query)]


def get_connection(db: Db, connection_id: str) -> ConnectionRow | None:
    """The connection of that id."""
    query = sa.select(connections).where(connections.c.id == connection_id)
    row = db.execute(query).first()
    if row is None:
        return None
    return _loaded(row)


def _loaded(row: Row[Any]) -> ConnectionRow:
    notes = tuple(msgspec.json.decode(row.notes))
    state_error = msgspec.json.decode(row.state_error) if row.state_error else None
    return ConnectionRow(
        id=row.id,
        athlete_id=row.athlete_id,
        name=row.name,
        integration=row.integration,
        source=row.source,
        account=Account(row.account_id, row.account_name, row.timezone, notes),
        settings=msgspec.json.decode(row.settings),
        created_at=row.created_at,
        secret_ref=row.secret_ref,
        state=row.state,
        state_error=state_error,
        horizon=day_of(row.horizon),
        last_checked_at=row.last_checked_at,
        full_walk_at=row.full_walk_at,
    )


# -- writing ---------------------------------------------------------------------------------------


def new_connection_id() -> str:
    """A random id that no two databases share."""
    return secrets.token_hex(8)


def add_connection(db: Db, connection: ConnectionRow) -> ConnectionRow:
    """Store a new connection, and return it under the first free name of its integration:
    ``intervals``, ``intervals-2``, …
    """
    mine = connections.c.athlete_id == connection.athlete_id
    taken = set(db.scalars(sa.select(connections.c.name).where(mine)))
    added = replace(connection, name=_free_name(connection.integration, taken))
    values = {
        "id": added.id,
        "athlete_id": added.athlete_id,
        "name": added.name,
        "integration": added.integration,
        "source": added.source,
        "created_at": added.created_at,
    }
    values |= _account_values(added.account, added.settings, added.secret_ref)
    db.execute(sa.insert(connections).values(values))
    return added


def _free_name(integration: str, taken: set[str]) -> str:
    if integration not in taken:
        return integration
    names = (f"{integration}-{number}" for number in count(2))
    return next(name for name in names if name not in taken)


def ensure_connection(
    db: Db,
    connection: ConnectionRow,
    now: str,
) -> None:
    """Store a connection that is not there, as a rehearsal does in a transaction that is rolled
    back.
    """
    if get_connection(db, connection.id) is not None:
        return
    ensure_athlete(db, connection.athlete_id, now)
    add_connection(
        db,
        replace(
            connection,
            secret_ref=None,
            created_at=now,
        ),
    )


def renew_connection(
    db: Db,
    connection_id: str,
    account: Account,
    settings: Mapping[str, str],
    secret_ref: str | None,
) -> None:
    """Give a connection new credentials of the same account: whatever had stopped it is
    forgiven.
    """
    values = _account_values(account, settings, secret_ref)
    values |= {"state": ConnectionState.OK, "state_error": None}
    update_connection(db, connection_id, **values)


def _account_values(
    account: Account,
    settings: Mapping[str, str],
    secret_ref: str | None,
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
    """Remove a connection with its records, and return the ids of the activities that its source
    activities belonged to.
    """
    mine = sa.select(records.c.id).where(records.c.connection_id == connection_id)
    of_mine = source_activities.c.record_id.in_(mine)
    touched = _activities_with(db, of_mine)

    theirs = sa.select(source_activities.c.id).where(of_mine)
    about_them = sa.or_(opinions.c.first_id.in_(theirs), opinions.c.second_id.in_(theirs))
    db.execute(sa.delete(opinions).where(about_them))
    db.execute(sa.delete(connections).where(connections.c.id == connection_id))
    return touched


def _activities_with(db: Db, is_member: sa.ColumnElement[bool]) -> list[str]:
    activity_id = source_activities.c.activity_id
    has_activity = activity_id.is_not(None)
    query = sa.select(activity_id).distinct().where(is_member, has_activity)
    return [activity for activity in db.scalars(query) if activity]
