"""Brings a database to the newest format, in one transaction, by the numbered migrations beside
this module.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from fitglue_registry.store.making import lock, without_views

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def config() -> Config:
    """Alembic's configuration, made here rather than in a file."""
    made = Config()
    made.set_main_option(
        "script_location", str(Path(__file__).parent / "migrations").replace("%", "%%")
    )
    return made


def known_revisions() -> set[str]:
    """The formats that this version can read and bring up to date."""
    return {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}


def upgrade(connection: Connection, target: str = "head") -> None:
    """Run what is missing up to ``target`` inside the caller's transaction; the views are made anew
    around it.
    """
    lock(connection)
    settings = config()
    settings.attributes["connection"] = connection
    with without_views(connection):
        command.upgrade(settings, target)
