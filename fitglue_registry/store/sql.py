"""Runs SQL that a user typed; the database itself ensures that it only reads."""

from __future__ import annotations

import re
import sqlite3
import sys
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.errors import UserMistake
from fitglue_registry.store.postgresql import schema_of
from fitglue_registry.store.sql_postgresql import reading_postgresql
from fitglue_registry.store.sql_sqlite import reading_sqlite
from fitglue_registry.store.views import definitions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from fitglue_registry.store.database import Database

    Row = tuple[Any, ...]
    #: Runs a statement; returns the names of its columns and its rows, one by one.
    Run = Callable[[str], tuple[tuple[str, ...], Iterable[Row]]]


#: PostgreSQL lets COPY (and DO, CALL and LOAD) read and write files of the server, even in a
#: read-only transaction, if the role may.
_REACHES_OUT = re.compile(r"(copy|do|call|load)\b", re.IGNORECASE)
#: White space, empty statements and comments of one line.
_BEFORE_A_WORD = re.compile(r"(?:[\s;]++|--[^\r\n]*+)*+")
_COMMENT_MARK = re.compile(r"/\*|\*/")
#: Functions that undo the role of the transaction or end other sessions, and the one way to write
#: the name of a function so that it is not recognized here. This is not the boundary, because a
#: function can run a text that it computes: that is the login, which `sql_login` checks. It only
#: explains a mistake before it happens.
_UNDOES_LIMITS = re.compile(
    r"\b(set_config|pg_terminate_backend|pg_cancel_backend)\b|\bu&\s*[\"']", re.IGNORECASE
)
#: Fragments of the messages with which drivers refuse a statement that would write.
_WOULD_CHANGE = ("readonly", "read-only", "not authorized", "because it is a view")
#: Fragments of the messages about a value that is longer than this module allows.
_TOO_LARGE = ("string or blob too big", "too many columns", "out of memory")
_EXAMPLE = 'try: fitglue sql "select * from activities limit 5"'
#: Bytes of a row and of each of its values beyond their contents, on a 64-bit system.
_ROW = 56
_VALUE = 8


@dataclass(frozen=True, slots=True)
class SqlLimits:
    """How much one statement may take; a statement that takes more is refused.

    Attributes:
        rows: The number of rows of the result.
        size: Bytes that the rows take in the memory of this process.
        seconds: How long the statement may run.
    """

    rows: int = 1_000_000
    size: int = 150_000_000
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class SqlResult:
    """The names of the columns, and the rows with their values in the same order."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def run_sql(
    database: Database,
    statement: str,
    limits: SqlLimits | None = None,
    role: str | None = None,
    url: str | None = None,
) -> SqlResult:
    """Run one statement that only reads, and return its result.

    It runs on a connection of its own, which is closed afterwards, so that no setting outlives the
    statement.

    Args:
        database: The database to ask.
        statement: One SQL statement in the dialect of the database.
        limits: How much it may take.
        role: The role that the statement begins with on PostgreSQL; by default that of the login.
        url: The URL of the login that the statement has on PostgreSQL; by default that of the
            database, which is refused if it is the one that writes the store.

    Returns:
        The columns and all rows, which are read into memory.

    Raises:
        UserMistake: FG-sql-read-only for a statement that would write, FG-sql-too-large or
            FG-sql-too-slow for one that takes too much, FG-sql-failed with the message of the
            database for any other statement that it rejects.
        StoreFailed: FG-sql-superuser or FG-sql-login if the login may do more than read,
            FG-sql-role if the role cannot be taken.
    """
    _refuse_unsafe(statement)
    chosen = limits or SqlLimits()
    with (
        _reader_of(database, url) as reader,
        _reading(reader, chosen, role) as run,
    ):
        columns, rows = _started(run, statement, chosen)
        return SqlResult(columns, _bounded(rows, chosen))


def _refuse_unsafe(statement: str) -> None:
    why = None
    if _REACHES_OUT.match(statement, _first_word(statement)):
        why = "that statement can read or write files of the server"
    elif _UNDOES_LIMITS.search(statement):
        why = "that statement can change its own limits, or those of other sessions"
    if why is not None:
        raise UserMistake(
            "FG-sql-read-only",
            "`fitglue sql` only reads",
            why=why,
            fix=_EXAMPLE,
        )


def _first_word(statement: str) -> int:
    """Return where a statement begins after white space and comments, in linear time."""
    position = 0
    while True:
        begin = _BEFORE_A_WORD.match(statement, position)
        position = begin.end() if begin else position
        if not statement.startswith("/*", position):
            return position
        position = _after_comment(statement, position)


def _after_comment(statement: str, position: int) -> int:
    """Return where the comment ends that begins here; comments of PostgreSQL can be nested."""
    depth = 0
    for mark in _COMMENT_MARK.finditer(statement, position):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(statement)


@contextmanager
def _reader_of(database: Database, url: str | None) -> Iterator[Database]:
    """Yield the database as the login of statements sees it, until the end of the block."""
    if database.dialect != "postgresql" or url is None:
        yield database
        return
    with closing(database.as_login(url)) as reader:
        yield reader


@contextmanager
def _reading(
    database: Database,
    limits: SqlLimits,
    role: str | None,
) -> Iterator[Run]:
    """Yield a function that runs one statement on a connection of its own, which can only read."""
    with database.read() as db:
        driver: Any = db.connection.driver_connection
        # A detached connection is closed at the end, and does not return to the pool: a PRAGMA, a
        # SET or a lock of the statement ends with it.
        db.detach()
        driver_error = database.engine.dialect.loaded_dbapi.Error
        reading: AbstractContextManager[Run]
        if database.dialect == "postgresql":
            schema = schema_of(db) or ""
            reading = reading_postgresql(driver, driver_error, limits.seconds, schema, role)
        else:
            reading = reading_sqlite(driver, limits.seconds)
        with _explained(driver_error, limits), reading as run:
            yield run


def _started(
    run: Run,
    statement: str,
    limits: SqlLimits,
) -> tuple[tuple[str, ...], Iterable[Row]]:
    columns, rows = run(statement)
    if not columns:
        raise UserMistake("FG-sql-failed", "the statement returns no rows", fix=_EXAMPLE)
    # A single row must fit, too.
    if len(columns) * _VALUE > limits.size:
        raise _too_large(limits)
    return columns, rows


def _bounded(rows: Iterable[Row], limits: SqlLimits) -> tuple[Row, ...]:
    """Return all rows, or refuse them as soon as they are too many."""
    kept: list[Row] = []
    left = limits.size
    for row in rows:
        left -= _ROW + sum(map(_size, row))
        if len(kept) >= limits.rows or left < 0:
            raise _too_large(limits)
        kept.append(row)
    return tuple(kept)


def _size(value: Any) -> int:
    # None and small numbers exist once, and are counted as the reference to them.
    if isinstance(value, str | bytes | memoryview):
        return _VALUE + sys.getsizeof(value)
    return _VALUE if value is None else 4 * _VALUE


@contextmanager
def _explained(driver_error: type[Exception], limits: SqlLimits) -> Iterator[None]:
    """Raise what the driver refuses as a mistake of the statement."""
    try:
        yield
    except TimeoutError as error:
        raise UserMistake(
            "FG-sql-too-slow",
            f"the statement takes longer than {limits.seconds:g} s",
            fix="restrict it with WHERE, or open the database with another tool",
        ) from error
    except MemoryError as error:
        raise _too_large(limits) from error
    # Python's driver of SQLite raises a Warning for more than one statement, and a ValueError for a
    # lone surrogate in the text.
    except (driver_error, sa.exc.DBAPIError, sqlite3.Warning, ValueError) as error:
        raise _refusal(error, limits) from error


def _too_large(limits: SqlLimits) -> UserMistake:
    return UserMistake(
        "FG-sql-too-large",
        f"the result has more than {limits.rows:,} rows or {limits.size / 1e6:,.0f} MB, or a value "
        "that is too long",
        fix="add LIMIT, name the columns that you need, or open the database with another tool",
    )


def _refusal(error: Exception, limits: SqlLimits) -> UserMistake:
    original = getattr(error, "orig", error)
    message = f"{original}\n".splitlines()[0][:300]
    lowered = message.lower()
    if any(text in lowered for text in _TOO_LARGE):
        return _too_large(limits)
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
