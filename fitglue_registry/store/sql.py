"""Runs SQL that a user typed; the database itself ensures that it only reads."""

from __future__ import annotations

import re
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.errors import UserMistake
from fitglue_registry.store.views import definitions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

    from fitglue_registry.store.database import Database


# PostgreSQL lets COPY (and DO, CALL and LOAD) of a superuser read and write files of the server,
# even in a read-only transaction. Comments before the first word are skipped.
_REACHES_OUT = re.compile(
    r"(\s|--[^\n]*\n|/\*.*?\*/)*(copy|do|call|load)\b", re.IGNORECASE | re.DOTALL
)
#: Fragments of the messages with which drivers refuse a statement that would write.
_WOULD_CHANGE = ("readonly", "read-only", "not authorized", "because it is a view")
# SQLAlchemy does not wrap the last two, which SQLite's driver raises: Python 3.11 raises a Warning
# for more than one statement, and a lone surrogate in the text raises a ValueError.
_REFUSALS = (
    sa.exc.DBAPIError,
    sa.exc.ResourceClosedError,
    sqlite3.Warning,
    ValueError,
)
_EXAMPLE = 'try: fitglue sql "select * from activities limit 5"'


@dataclass(frozen=True, slots=True)
class SqlResult:
    """The names of the columns, and the rows with their values in the same order."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def run_sql(database: Database, statement: str) -> SqlResult:
    """Run one statement that only reads, and return its result.

    Args:
        database: The database to ask.
        statement: One SQL statement in the dialect of the database.

    Returns:
        The columns and all rows, which are read into memory.

    Raises:
        UserMistake: FG-sql-read-only for a statement that would write, FG-sql-failed with the
            message of the database for any other statement that it rejects.
    """
    if _REACHES_OUT.match(statement):
        raise UserMistake(
            "FG-sql-read-only",
            "`fitglue sql` only reads",
            why="that statement can read or write files of the server",
            fix=_EXAMPLE,
        )
    read_only = _read_only_sqlite
    if database.dialect == "postgresql":
        read_only = _read_only_postgresql
        # psycopg takes % for the start of a parameter.
        statement = statement.replace("%", "%%")
    with database.read() as db, read_only(db):
        try:
            result = db.exec_driver_sql(statement)
            if not result.returns_rows:
                raise UserMistake("FG-sql-failed", "the statement returns no rows", fix=_EXAMPLE)
            rows = tuple(tuple(row) for row in result)
            return SqlResult(tuple(result.keys()), rows)
        except _REFUSALS as error:
            raise _refusal(error) from error


@contextmanager
def _read_only_sqlite(db: Connection) -> Iterator[None]:
    """Let a SQLite connection only read, and reach no other file."""
    driver: Any = db.connection.driver_connection
    db.exec_driver_sql("PRAGMA query_only = ON")
    driver.set_authorizer(_deny_other_files)
    try:
        yield
    finally:
        # The connection returns to the pool, and the next user may write.
        driver.set_authorizer(None)
        db.exec_driver_sql("PRAGMA query_only = OFF")


def _deny_other_files(action: int, *_: object) -> int:
    """Deny ATTACH and DETACH: in spite of ``query_only``, ATTACH would create a new file."""
    if action in (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


@contextmanager
def _read_only_postgresql(db: Connection) -> Iterator[None]:
    """Let a transaction of PostgreSQL only read, and run one statement at a time."""
    driver: Any = db.connection.driver_connection
    db.exec_driver_sql("SET TRANSACTION READ ONLY")
    # A text that is sent without being prepared may contain several statements, and the first one
    # could end the read-only transaction: "COMMIT; DELETE …". With 0, psycopg prepares each text.
    threshold = driver.prepare_threshold
    driver.prepare_threshold = 0
    try:
        yield
    finally:
        driver.prepare_threshold = threshold


def _refusal(error: Exception) -> UserMistake:
    original = getattr(error, "orig", error)
    message = str(original).splitlines()[0][:300]
    lowered = message.lower()
    if any(text in lowered for text in _WOULD_CHANGE):
        return UserMistake(
            "FG-sql-read-only",
            "that statement would change the database",
            why=message,
            fix="`fitglue sql` only reads; to change the file, open it with another tool",
        )
    return UserMistake(
        "FG-sql-failed",
        "the database rejects the statement",
        why=message,
        fix=f"the views are {', '.join(definitions('sqlite'))}; {_EXAMPLE}",
    )


def column_names(database: Database) -> Iterator[tuple[str, list[str]]]:
    """Yield each view with the names of its columns."""
    with database.read() as db:
        inspector = sa.inspect(db)
        for view in definitions(database.dialect):
            yield view, [column["name"] for column in inspector.get_columns(view)]
