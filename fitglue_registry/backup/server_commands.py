"""The commands that dump and restore a PostgreSQL database, which a backup does not contain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.store.postgresql import schema_of_url

if TYPE_CHECKING:
    from fitglue_registry.store.database import Database


def dump_command(database: Database) -> str:
    """Return the command that dumps our schema of a database server; it contains no password.

    The tables of an application in the same database are not ours to dump, and a restore would
    replace them.
    """
    schema = schema_of_url(database.url)
    return f"pg_dump --schema={schema} --format=custom --file=fitglue.dump {_plain(database)}"


def restore_command(database: Database) -> str:
    """Return the command that restores such a dump; it contains no password."""
    return f"pg_restore --clean --if-exists --dbname={_plain(database)} fitglue.dump"


def _plain(database: Database) -> str:
    # pg_dump does not know SQLAlchemy's "postgresql+psycopg".
    url = database.url.set(drivername="postgresql", password=None)
    url = url.difference_update_query(("password", "sslpassword"))
    return url.render_as_string(hide_password=True)
