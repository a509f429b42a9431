"""Opens PostgreSQL, where everything of ours is in a schema of its own.

An application keeps its own tables in the same database. Therefore the search path of each
connection names only our schema: no name of ours can mean a table of the application.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event

from fitglue_registry.errors import StoreFailed

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

SCHEMA = "fitglue"
"""The name of the schema, unless the URL names another one."""

_OPTION = "fitglue_schema"
#: A search path in the ``options`` of a URL, of which the first schema is taken.
_IN_OPTIONS = re.compile(r"-c\s*search_path\s*=\s*\"?([^\s,\"]+)")


def schema_of_url(url: sa.URL) -> str:
    """Return the schema for our tables.

    It is the first one of the search path in ``?options=-csearch_path%3DNAME``, else ``fitglue``.
    """
    options = url.query.get("options", "")
    text = options if isinstance(options, str) else " ".join(options)
    named = _IN_OPTIONS.search(text)
    return named[1] if named else SCHEMA


def with_schema(url: sa.URL, schema: str) -> sa.URL:
    """Return a URL that names the schema for our tables, whatever schema it named before."""
    options = url.query.get("options", "")
    others = options if isinstance(options, str) else " ".join(options)
    return url.update_query_dict({"options": f"-csearch_path={schema} {others}".strip()})


def postgresql_engine(url: sa.URL) -> Engine:
    """Return an engine whose connections see only our schema."""
    schema = schema_of_url(url)
    engine = sa.create_engine(
        url,
        pool_pre_ping=True,  # a server that restarted closes connections that the pool still holds
        connect_args={"application_name": "fitglue"},
        execution_options={_OPTION: schema},
    )
    # Without a doubled %, because the driver gets no parameters with this statement.
    quoted = quoted_name(schema).replace("%%", "%")

    def set_search_path(driver: Any, _record: Any) -> None:
        # Outside a transaction, so that no rollback undoes it.
        before = driver.autocommit
        driver.autocommit = True
        driver.execute(f"SET search_path TO {quoted}")
        driver.autocommit = before

    # Before SQLAlchemy's own listener, which asks for the default schema.
    event.listen(engine, "connect", set_search_path, insert=True)
    return engine


def schema_of(connection: Connection) -> str | None:
    """Return the schema for our tables; ``None`` for SQLite, whose file is ours alone."""
    schema: str | None = connection.get_execution_options().get(_OPTION)
    return schema


def ensure_schema(connection: Connection, schema: str) -> None:
    """Create our schema, if it does not exist, inside the caller's transaction.

    Raises:
        StoreFailed: FG-schema-not-created if this user may not create it.
    """
    # CREATE SCHEMA IF NOT EXISTS needs the permission even if the schema exists.
    if sa.inspect(connection).has_schema(schema):
        return
    try:
        connection.exec_driver_sql(f"CREATE SCHEMA {quoted_name(schema)}")
    except sa.exc.ProgrammingError as error:
        user = connection.engine.url.username or "this user"
        raise StoreFailed(
            "FG-schema-not-created",
            f"the schema {schema} cannot be created in the database",
            why=str(error.orig).splitlines()[0],
            fix=f"let its owner run: CREATE SCHEMA {quoted_name(schema)} AUTHORIZATION {user}",
        ) from error


def quoted_name(name: str) -> str:
    """Return a name as PostgreSQL reads it in a statement."""
    doubled = name.replace('"', '""').replace("%", "%%")
    return f'"{doubled}"'
