"""Stores the connections of athletes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.errors import Place, StoreFailed
from fitglue_registry.model.stored import ConnectionState
from fitglue_registry.plugin_api import Account
from fitglue_registry.store.athletes import ensure_athlete, lock_athlete
from fitglue_registry.store.column_readers import READERS
from fitglue_registry.store.driver_errors import RESTORE
from fitglue_registry.store.tables import connections, opinions, records, source_activities
from fitglue_registry.store.zone_names import is_zone_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from sqlalchemy.engine import Connection as Db
    from sqlalchemy.engine import Row


# A reference that leads nowhere stops only its own connection, which can be connected again.
_READ_WHEN_USED = "secret_ref"


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """A connection as the store has it; its secrets are in a secret store."""

    id: str
    athlete_id: str
    name: str  # unique for the athlete, for people to type
    integration: str  # the id of the integration's entry
    source: str  # the id of the source's entry
    account: Account
    settings: Mapping[str, str]
    created_at: str
    secret_ref: str | None = None  # the reference under which its secret is stored
    state: str = ConnectionState.OK
    state_error: Mapping[str, Any] | None = None  # the parts of the error that stopped it
    horizon: date | None = None  # the oldest local day that is synced; None: no limit
    last_checked_at: str | None = None
    full_walk_at: str | None = None  # when the last full walk that was completed began


# -- reading ---------------------------------------------------------------------------------------


def list_connections(db: Db, athlete_id: str | None = None) -> list[ConnectionRow]:
    """Return the connections of an athlete, or of all athletes, oldest first."""
    query = sa.select(connections).order_by(connections.c.created_at, connections.c.name)
    if athlete_id is not None:
        query = query.where(connections.c.athlete_id == athlete_id)
    return [_loaded(row) for row in db.execute(query)]


def get_connection(db: Db, connection_id: str) -> ConnectionRow | None:
    """Return the connection with this id, or ``None``."""
    query = sa.select(connections).where(connections.c.id == connection_id)
    row = db.execute(query).first()
    if row is None:
        return None
    return _loaded(row)


def _loaded(row: Row[Any]) -> ConnectionRow:
    read = _read_columns(row)
    account = Account(row.account_id, row.account_name, row.timezone, read["notes"])
    state_error = None
    if row.state_error:
        state_error = msgspec.json.decode(row.state_error, type=dict[str, Any])
    return ConnectionRow(
        id=row.id,
        athlete_id=row.athlete_id,
        name=row.name,
        integration=row.integration,
        source=row.source,
        account=account,
        settings=read["settings"],
        created_at=row.created_at,
        secret_ref=row.secret_ref,
        state=row.state,
        state_error=state_error,
        horizon=read["horizon"],
        last_checked_at=row.last_checked_at,
        full_walk_at=row.full_walk_at,
    )


def _read_columns(row: Row[Any]) -> dict[str, Any]:
    """Return the value of each column of texts; everything depends on the connections.

    Raises:
        StoreFailed: FG-store-damaged if a value cannot be read.
    """
    values = row._mapping
    read: dict[str, Any] = {}
    for column, reader in READERS["fg_connections"].items():
        if column == _READ_WHEN_USED:
            continue
        try:
            read[column] = None if values[column] is None else reader(values[column])
        except (ValueError, TypeError, RecursionError) as error:
            raise _damaged(row, column, error) from error
    return read


def _damaged(
    row: Row[Any],
    column: str,
    error: Exception,
) -> StoreFailed:
    return StoreFailed(
        "FG-store-damaged",
        f"the connection {row.name} in the database is damaged",
        at=Place(field=f"fg_connections.{column}, row {row.id}"),
        why=f"{column} cannot be read: {error}",
        fix=RESTORE,
    )


# -- writing ---------------------------------------------------------------------------------------


def new_connection_id() -> str:
    """Return a new random id."""
    # Random, not counted, so that no two databases share an id.
    return secrets.token_hex(8)


def add_connection(db: Db, connection: ConnectionRow) -> ConnectionRow:
    """Store a new connection, and return it with the name that it got.

    The name is the first one of its integration that is free: ``intervals``, ``intervals-2``, …
    """
    # Another call could take the same name at the same moment.
    lock_athlete(db, connection.athlete_id)
    of_athlete = connections.c.athlete_id == connection.athlete_id
    taken = set(db.scalars(sa.select(connections.c.name).where(of_athlete)))
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
    """Store a connection unless it exists.

    A dry run does so in a transaction that it rolls back, because records need a connection.
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
    """Give a connection new credentials for its account, and clear the error that stopped it."""
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
        # Services name the zone as they like, and a path is no name.
        "timezone": account.timezone if is_zone_name(account.timezone or "") else None,
        "secret_ref": secret_ref,
        "notes": msgspec.json.encode(list(account.notes)).decode(),
        "settings": _settings_text(settings),
    }


def update_connection(db: Db, connection_id: str, **values: Any) -> None:
    """Set columns of a connection."""
    db.execute(sa.update(connections).where(connections.c.id == connection_id).values(**values))


def set_settings(db: Db, connection_id: str, settings: Mapping[str, str]) -> None:
    """Store the settings of a connection."""
    update_connection(db, connection_id, settings=_settings_text(settings))


def _settings_text(settings: Mapping[str, str]) -> str:
    return msgspec.json.encode(dict(settings)).decode()


def replace_secret(
    db: Db,
    connection_id: str,
    old: str,
    new: str,
) -> bool:
    """Name another secret in the row of a connection, unless the row names another one already.

    Returns:
        Whether the row named ``old``.
    """
    names_old = sa.and_(connections.c.id == connection_id, connections.c.secret_ref == old)
    changed = db.execute(sa.update(connections).where(names_old).values(secret_ref=new))
    return changed.rowcount == 1


def remove_connection(db: Db, connection_id: str) -> list[str]:
    """Delete a connection with its records and everything below them.

    Returns:
        The ids of the activities to which its source activities belonged; the caller merges them
        again or deletes them.
    """
    record_ids = sa.select(records.c.id).where(records.c.connection_id == connection_id)
    is_member = source_activities.c.record_id.in_(record_ids)
    touched = _activities_with(db, is_member)

    member_ids = sa.select(source_activities.c.id).where(is_member)
    about_members = sa.or_(
        opinions.c.first_id.in_(member_ids), opinions.c.second_id.in_(member_ids)
    )
    db.execute(sa.delete(opinions).where(about_members))
    # Records, parts, raw parts, source activities, streams and claims are deleted with it (ON
    # DELETE CASCADE).
    db.execute(sa.delete(connections).where(connections.c.id == connection_id))
    return touched


def _activities_with(db: Db, is_member: sa.ColumnElement[bool]) -> list[str]:
    activity_id = source_activities.c.activity_id
    has_activity = activity_id.is_not(None)
    query = sa.select(activity_id).distinct().where(is_member, has_activity)
    return [activity for activity in db.scalars(query) if activity]
