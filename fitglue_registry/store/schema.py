"""Creates the tables and views of an empty database in their newest form.

``migrate.py`` brings an older database to the same form, step by step; a test compares the two.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.store.tables import metadata
from fitglue_registry.store.views import definitions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

#: The key of PostgreSQL's advisory lock: "FGUP" in ASCII, an arbitrary number that is only ours.
_LOCK = 0x4647_5550
# Alembic's own table, defined here, because importing Alembic takes longer than everything else
# that creating a database does.
_VERSION = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def create_schema(connection: Connection, revision: str) -> None:
    """Create all tables and views inside the caller's transaction, and record the format.

    Nothing is done if another process created them since the caller looked.
    """
    lock_schema(connection)
    if sa.inspect(connection).has_table(_VERSION.name):
        return
    with recreating_views(connection):
        metadata.create_all(connection)
        _VERSION.create(connection)
        connection.execute(sa.insert(_VERSION).values(version_num=revision))


def lock_schema(connection: Connection) -> None:
    """Wait until no other process creates or upgrades the tables; the transaction holds the lock.

    Two processes that open an empty or old database at the same moment do so one after the other.
    """
    # On SQLite, BEGIN IMMEDIATE has already made this process the only writer.
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


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
    for name, select in views.items() if create else ():
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {select.replace('%', '%%')}")
