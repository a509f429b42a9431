"""Brings a database to the newest format, in one transaction, by the numbered migrations beside this module."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from fitglue_registry.store.views import definitions

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


_LOCK = 0x4647_5550  # "FGUP": two processes that meet an old database upgrade it one after the other


def config() -> Config:
    """Alembic's configuration, made here rather than in a file."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return made


def known_revisions() -> set[str]:
    """The formats that this version can read and bring up to date."""
    return {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}


def upgrade(connection: Connection, target: str = "head") -> None:
    """Run what is missing up to ``target`` inside the caller's transaction; the views are made anew around it."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer anyway
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    views = definitions(connection.dialect.name)
    for name in views:
        connection.execute(sa.text(f"DROP VIEW IF EXISTS {name}"))
    settings = config()
    settings.attributes["connection"] = connection
    command.upgrade(settings, target)
    for name, select in views.items():
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {select.replace('%', '%%')}")
