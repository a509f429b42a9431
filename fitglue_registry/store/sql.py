"""Somebody's own SQL on the views, read-only by the database's word and not by ours."""

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


#: A superuser's COPY reads and writes files of the server, also in a transaction that only reads.
_REACHES_OUT = re.compile(
    r"(\s|--[^\n]*\n|/\*.*?\*/)*(copy|do|call|load)\b", re.IGNORECASE | re.DOTALL
)
#: What a driver says of a statement that it refuses because the connection only reads.
_WOULD_CHANGE = ("readonly", "read-only", "not authorized", "because it is a view")
#: The last two come from SQLite's driver without SQLAlchemy's wrapping.
_REFUSALS = (
    sa.exc.DBAPIError,
    sa.exc.ResourceClosedError,
    sqlite3.Warning,
    ValueError,
)
_EXAMPLE = 'try: fitglue sql "select * from activities limit 5"'


@dataclass(frozen=True, slots=True)
class SqlResult:
    """Column names and the rows below them."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def run_sql(database: Database, statement: str) -> SqlResult:
    """Run one statement that only reads; raises ``UserMistake`` FG-sql-failed with the database's
    own words.
    """
    if _REACHES_OUT.match(statement):
        raise UserMistake(
            "FG-sql-read-only",
            "only questions are asked here",
            why="that statement can write files of the server",
            fix=_EXAMPLE,
        )
    read_only = _read_only_sqlite
    if database.dialect == "postgresql":
        read_only = _read_only_postgresql
        statement = statement.replace("%", "%%")
    with database.read() as db, read_only(db):
        try:
            result = db.exec_driver_sql(statement)
            if not result.returns_rows:
                raise UserMistake("FG-sql-failed", "the statement asks for nothing", fix=_EXAMPLE)
            rows = tuple(tuple(row) for row in result)
            return SqlResult(tuple(result.keys()), rows)
        except _REFUSALS as error:
            raise _refusal(error) from error


@contextmanager
def _read_only_sqlite(db: Connection) -> Iterator[None]:
    driver: Any = db.connection.driver_connection
    db.exec_driver_sql("PRAGMA query_only = ON")
    driver.set_authorizer(_deny_other_files)
    try:
        yield
    finally:
        driver.set_authorizer(None)
        db.exec_driver_sql("PRAGMA query_only = OFF")


def _deny_other_files(action: int, *_: object) -> int:
    """``query_only`` lets ATTACH make a new file all the same."""
    if action in (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


@contextmanager
def _read_only_postgresql(db: Connection) -> Iterator[None]:
    driver: Any = db.connection.driver_connection
    db.exec_driver_sql("SET TRANSACTION READ ONLY")
    # A statement that is not prepared may be several, and the first may end the transaction:
    # "COMMIT; DELETE …".
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
            fix="`fitglue sql` only reads; open the file with another tool if you really mean it",
        )
    return UserMistake(
        "FG-sql-failed",
        "the database does not understand the statement",
        why=message,
        fix=f"the views are {', '.join(definitions('sqlite'))}; {_EXAMPLE}",
    )


def column_names(database: Database) -> Iterator[tuple[str, list[str]]]:
    """Each view with its columns."""
    with database.read() as db:
        inspector = sa.inspect(db)
        for view in definitions(database.dialect):
            yield view, [column["name"] for column in inspector.get_columns(view)]
