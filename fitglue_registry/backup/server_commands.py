"""The commands that dump and restore a PostgreSQL database, which no backup of ours contains."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fitglue_registry.store.database import Database


def dump_command(database: Database) -> str:
    """Return what backs up a database that is a server's; no password is in it."""
    return f"pg_dump --format=custom --file=fitglue.dump {_plain(database)}"


def restore_command(database: Database) -> str:
    """Return what brings such a dump back."""
    return f"pg_restore --clean --if-exists --dbname={_plain(database)} fitglue.dump"


def _plain(database: Database) -> str:
    url = database.url.set(drivername="postgresql", password=None)
    url = url.difference_update_query(("password", "sslpassword"))
    return url.render_as_string(hide_password=True)
