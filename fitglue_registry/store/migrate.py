"""Brings a database to the newest format, in one transaction, by the numbered migrations beside
this module.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

from fitglue_registry.store.schema import lock_schema, recreating_views

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def config() -> Config:
    """Alembic's configuration, made here rather than in a file."""
    folder = Path(__file__).parent / "migrations"
    settings = Config()
    settings.set_main_option("script_location", str(folder).replace("%", "%%"))
    return settings


def upgrade(connection: Connection, target: str = "head") -> None:
    """Run what is missing up to ``target`` inside the caller's transaction; the views are made anew
    around it.
    """
    lock_schema(connection)
    settings = config()
    settings.attributes["connection"] = connection
    with recreating_views(connection):
        command.upgrade(settings, target)
