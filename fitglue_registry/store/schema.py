"""Creates the tables and views of an empty database in their newest form.

``migrate.py`` brings an older database to the same form, step by step; a test compares the two.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.errors import StoreFailed
from fitglue_registry.store.postgresql import ensure_schema, schema_of
from fitglue_registry.store.tables import metadata
from fitglue_registry.store.taking_over import take_over
from fitglue_registry.store.version_table import VERSION_TABLE, version_table
from fitglue_registry.store.views import definitions, names_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

#: The key of PostgreSQL's advisory lock: "FGUP" in ASCII, an arbitrary number that is only ours.
_LOCK = 0x4647_5550


def create_schema(connection: Connection, revision: str) -> None:
    """Create all tables and views inside the caller's transaction, and record the format.

    Nothing is done if another process created them since the caller looked. A store that an earlier
    version made in another schema of PostgreSQL is moved instead, and keeps its format.

    Raises:
        StoreFailed: FG-database-taken if there are other tables or views with our names.
    """
    lock_schema(connection)
    if has_store(connection):
        return
    schema = schema_of(connection)
    if schema is not None:
        take_over(connection, schema)
        if has_store(connection):
            return
    _check_names(connection)
    with recreating_views(connection):
        metadata.create_all(connection)
        version = version_table()
        version.create(connection)
        connection.execute(sa.insert(version).values(version_num=revision))


def lock_schema(connection: Connection) -> None:
    """Wait until no other process creates or upgrades the tables; the transaction holds the lock.

    Two processes that open an empty or old database at the same moment do so one after the other.
    On PostgreSQL, our schema exists afterwards.
    """
    # On SQLite, BEGIN IMMEDIATE has already made this process the only writer.
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    schema = schema_of(connection)
    if schema is not None:
        ensure_schema(connection, schema)


def has_store(connection: Connection) -> bool:
    """Return whether the database, or our schema of it, contains a store.

    A version table alone may be that of an application that uses Alembic, too.
    """
    inspector = sa.inspect(connection)
    schema = schema_of(connection)
    return all(inspector.has_table(name, schema) for name in (VERSION_TABLE, "fg_athletes"))


def check_new_views(connection: Connection, format_: str | None) -> None:
    """Check that nobody has made a table or a view with the name of a view that will be added.

    Args:
        connection: The database.
        format_: Its format, before it is upgraded.

    Raises:
        StoreFailed: FG-view-name-taken, before anything is changed.
    """
    inspector = sa.inspect(connection)
    schema = schema_of(connection)
    existing = {*inspector.get_table_names(schema), *inspector.get_view_names(schema)}
    new = definitions(connection.dialect.name).keys() - names_in(format_)
    taken = sorted(existing & new)
    if taken:
        raise StoreFailed(
            "FG-view-name-taken",
            f"the database has a table or a view {taken[0]} that is not FitGlue's",
            why=f"this version of FitGlue has a view of that name; taken are: {', '.join(taken)}",
            fix="rename it, and run the same command again; nothing was changed",
        )


def _check_names(connection: Connection) -> None:
    """Check that no table and no view of somebody else has one of our names."""
    inspector = sa.inspect(connection)
    schema = schema_of(connection)
    existing = {*inspector.get_table_names(schema), *inspector.get_view_names(schema)}
    ours = {VERSION_TABLE, *metadata.tables, *definitions(connection.dialect.name)}
    taken = sorted(existing & ours)
    if taken:
        raise StoreFailed(
            "FG-database-taken",
            f"the database already has a table or a view {taken[0]}, which is not FitGlue's",
            why=f"FitGlue would replace it; names that it needs: {', '.join(taken)}",
            fix="name another file, or for PostgreSQL another schema with "
            "?options=-csearch_path%3DNAME; nothing was changed",
        )


@contextmanager
def recreating_views(connection: Connection, *, create: bool = True) -> Iterator[None]:
    """Drop the views, and create them again after the tables were changed inside the block.

    With ``create=False``, they stay dropped.
    """
    # PostgreSQL refuses to alter or drop a column that a view uses.
    views = definitions(connection.dialect.name)
    for name in views:
        connection.execute(sa.text(f"DROP VIEW IF EXISTS {name}"))
    yield
    is_postgresql = connection.dialect.name == "postgresql"
    for name, select in views.items() if create else ():
        # psycopg takes a % for the beginning of a parameter, and sqlite3 does not.
        statement = select.replace("%", "%%") if is_postgresql else select
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {statement}")
