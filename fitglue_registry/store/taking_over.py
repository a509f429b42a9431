"""Moves a store of an earlier version, which was in the schema of the application, to our own.

Up to format 0003, everything was in the first schema of the search path, usually ``public``. Only
what is certainly ours is touched: tables with our names beside a version table that contains one of
our formats, and views with our names that use only these tables.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.store.formats import FORMATS
from fitglue_registry.store.postgresql import quoted_name
from fitglue_registry.store.tables import metadata
from fitglue_registry.store.version_table import VERSION_TABLE, version_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

log = logging.getLogger(__name__)

#: The tables that every format has had. A store has all of them.
_ALWAYS = frozenset(
    ("fg_activities", "fg_athletes", "fg_connections", "fg_parts", "fg_raw", "fg_records")
)
#: View → columns that it has had in every format.
_VIEWS = {
    "activities": {"id", "number", "athlete_id", "sources", "document"},
    "laps": {"activity_id", "lap_no"},
    "source_activities": {"id", "activity_id", "connection", "external_id", "gone"},
    "runs": {"id", "connection", "kind", "started_at", "outcome"},
}


def take_over(connection: Connection, schema: str) -> None:
    """Move a store of an earlier version to our schema, inside the caller's transaction.

    Args:
        connection: The connection.
        schema: Our schema, which exists and has no version table.
    """
    for other in _default_schemas(connection, schema):
        revision = _format_in(connection, other)
        if revision is not None:
            log.info("moving the tables of FitGlue from the schema %s to %s", other, schema)
            _move(connection, other, schema)
            _move_version(connection, other, schema, revision)
            return


def _default_schemas(connection: Connection, schema: str) -> list[str]:
    """Return the schemas that were searched before ours existed, without ours."""
    connection.exec_driver_sql("SET LOCAL search_path TO DEFAULT")
    schemas: list[str] = connection.exec_driver_sql("SELECT current_schemas(false)").scalar_one()
    connection.exec_driver_sql(f"SET LOCAL search_path TO {quoted_name(schema)}")
    return [other for other in schemas if other != schema]


def _format_in(connection: Connection, other: str) -> str | None:
    """Return the format of the store in a schema, or ``None`` if there is no store of ours."""
    inspector = sa.inspect(connection)
    names = set(inspector.get_table_names(other))
    # The version table of an application is not even read unless all of our tables are beside it.
    if VERSION_TABLE not in names or not names >= _ALWAYS:
        return None
    columns = {column["name"] for column in inspector.get_columns(VERSION_TABLE, other)}
    if columns != {"version_num"}:
        return None
    rows = connection.execute(sa.select(version_table(other).c.version_num))
    known = [str(row[0]) for row in rows if row[0] in FORMATS]
    return max(known, default=None)


def _move(connection: Connection, other: str, schema: str) -> None:
    """Move our tables and views; their indexes and sequences follow."""
    names = set(sa.inspect(connection).get_table_names(other))
    ours = names & set(metadata.tables)
    views = list(_views_of(connection, other, ours))
    for name in sorted(ours):
        _set_schema(connection, "TABLE", f"{quoted_name(other)}.{name}", schema)
    for name in views:
        _set_schema(connection, "VIEW", f"{quoted_name(other)}.{name}", schema)


def _views_of(
    connection: Connection,
    other: str,
    ours: set[str],
) -> Iterator[str]:
    """Yield the views with our names that have our columns and use only our tables."""
    inspector = sa.inspect(connection)
    existing = set(inspector.get_view_names(other))
    for name, columns in _VIEWS.items():
        if name not in existing:
            continue
        has = {column["name"] for column in inspector.get_columns(name, other)}
        used = connection.execute(_USES, {"schema": other, "view": name}).all()
        uses_ours = all(schema == other and table in ours for schema, table in used)
        if has >= columns and used and uses_ours:
            yield name


_USES = sa.text(
    "SELECT table_schema, table_name FROM information_schema.view_table_usage "
    "WHERE view_schema = :schema AND view_name = :view"
)


def _move_version(
    connection: Connection,
    other: str,
    schema: str,
    revision: str,
) -> None:
    """Write our format to a version table of our own, and remove our row from the other one."""
    theirs = version_table(other)
    ours = version_table(schema)
    connection.execute(sa.delete(theirs).where(theirs.c.version_num == revision))
    rest = connection.scalar(sa.select(sa.func.count()).select_from(theirs))
    # With another row, it is also the version table of the application.
    if not rest:
        theirs.drop(connection)
    ours.create(connection)
    connection.execute(sa.insert(ours).values(version_num=revision))


def _set_schema(
    connection: Connection,
    kind: str,
    name: str,
    schema: str,
) -> None:
    connection.exec_driver_sql(f"ALTER {kind} {name} SET SCHEMA {quoted_name(schema)}")
