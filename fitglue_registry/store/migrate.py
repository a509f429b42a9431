"""Upgrades an older database to the newest format with Alembic, in one transaction.

The migrations are the numbered files in ``migrations/versions``. This module imports Alembic, so
whoever opens a database passes ``upgrade`` in, and it is imported only where that is acceptable.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

from fitglue_registry.store.schema import check_new_views, lock_schema, recreating_views

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def config() -> Config:
    """Return Alembic's configuration, made here because an installed package has no alembic.ini."""
    folder = Path(__file__).parent / "migrations"
    settings = Config()
    # Alembic reads this text with configparser, which takes % for an interpolation.
    settings.set_main_option("script_location", str(folder).replace("%", "%%"))
    return settings


def upgrade(connection: Connection, target: str = "head") -> None:
    """Run the missing migrations up to ``target`` inside the caller's transaction.

    The views are dropped before and created again after, since they depend on the tables. An older
    format gets no views: those of this version may name columns that it does not have. The
    transaction also contains Alembic's record of the format, so a process that is killed leaves the
    old format or the new one.
    """
    lock_schema(connection)
    revision = MigrationContext.configure(connection).get_current_revision()
    check_new_views(connection, revision)
    settings = config()
    settings.attributes["connection"] = connection
    with recreating_views(connection, create=target == "head"):
        command.upgrade(settings, target)
