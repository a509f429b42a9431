"""Makes the tables and views of an empty database in their newest form; ``migrate.py`` brings an
older one there step by step.
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

# "FGUP": two processes that meet an old or an empty database bring it up to date one after the
# other.
_LOCK = 0x4647_5550
#: As Alembic makes it; to import Alembic for an empty database costs more than all the rest of
#: opening it.
_VERSION = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def create_schema(connection: Connection, revision: str) -> None:
    """Make everything inside the caller's transaction, unless another process did so meanwhile."""
    lock_schema(connection)
    if sa.inspect(connection).has_table(_VERSION.name):
        return
    with recreating_views(connection):
        metadata.create_all(connection)
        _VERSION.create(connection)
        connection.execute(sa.insert(_VERSION).values(version_num=revision))


def lock_schema(connection: Connection) -> None:
    """Let one process at a time change the tables."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer anyway
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


@contextmanager
def recreating_views(connection: Connection) -> Iterator[None]:
    """The views are made anew around a change of the tables."""
    views = definitions(connection.dialect.name)
    for name in views:
        connection.execute(sa.text(f"DROP VIEW IF EXISTS {name}"))
    yield
    for name, select in views.items():
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {select.replace('%', '%%')}")
