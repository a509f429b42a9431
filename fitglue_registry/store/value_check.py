"""Finds values of a database that the program cannot read, one row after the other."""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from fitglue_registry.errors import Place, StoreFailed
from fitglue_registry.store.column_readers import READERS, ROW_READERS
from fitglue_registry.store.driver_errors import RESTORE, UNREADABLE
from fitglue_registry.store.tables import metadata

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sqlalchemy.engine import Connection as Db

    #: A function that executes a query, and yields its rows without keeping them.
    Fetch = Callable[[str], Iterable[Sequence[Any]]]

#: The longest text that is read, in bytes. The largest document of a workout has a few megabytes.
LONGEST_TEXT = 64_000_000
_LONGEST_WHY = 200
_LONGEST_KEY = 40


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A value that the program cannot read.

    Attributes:
        table: Its table.
        row: The primary key of its row, as text.
        column: Its column.
        why: Why it cannot be read.
    """

    table: str
    row: str
    column: str
    why: str

    def __str__(self) -> str:
        return f"{self.column} in the row {self.row} of {self.table} cannot be read: {self.why}"


def unreadable_in_file(connection: sqlite3.Connection) -> Unreadable | None:
    """Return the first value of a SQLite database that the program cannot read, or ``None``.

    Args:
        connection: The database. It may have an older format, whose columns have the same readers.
    """
    with _texts_as_bytes(connection):
        listed = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        names = {name.decode() for (name,) in listed}
        for table in metadata.sorted_tables:
            if table.name not in names:
                continue
            described = connection.execute(f'PRAGMA table_info("{table.name}")').fetchall()
            present = {row[1].decode() for row in described}
            columns = [column for column in table.columns if column.name in present]
            found = _first_in(table, columns, connection.execute)
            if found is not None:
                return found
    return None


def unreadable_in(db: Db) -> Unreadable | None:
    """Return the first value of an open database that the program cannot read, or ``None``.

    Args:
        db: A transaction; the database has the newest format.
    """
    if db.dialect.name == "sqlite":
        return unreadable_in_file(cast("sqlite3.Connection", db.connection.driver_connection))

    def fetch(query: str) -> Iterable[Sequence[Any]]:
        return db.execution_options(yield_per=100).exec_driver_sql(query)

    for table in metadata.sorted_tables:
        found = _first_in(table, list(table.columns), fetch)
        if found is not None:
            return found
    return None


def damaged_value(found: Unreadable, where: str) -> StoreFailed:
    """Return the error FG-store-damaged for a value that cannot be read.

    Args:
        found: The value.
        where: The path of the database, or its URL without passwords.
    """
    return StoreFailed(
        "FG-store-damaged",
        "a value in the database is damaged",
        at=Place(where, field=f"{found.table}.{found.column}"),
        why=str(found),
        fix=RESTORE,
    )


def explain(db: Db, where: str) -> StoreFailed | None:
    """Return the error for the first value that the program cannot read, or ``None``.

    Args:
        db: A connection to a database of the newest format.
        where: The path of the database, or its URL without passwords.
    """
    found = unreadable_in(db)
    return None if found is None else damaged_value(found, where)


@contextmanager
def _texts_as_bytes(connection: sqlite3.Connection) -> Iterator[None]:
    """Fetch texts as bytes, so that one that is not UTF-8 is found in its column."""
    before = connection.text_factory
    connection.text_factory = bytes
    try:
        yield
    finally:
        connection.text_factory = before


def _first_in(
    table: sa.Table,
    columns: Sequence[sa.Column[Any]],
    fetch: Fetch,
) -> Unreadable | None:
    names = [column.name for column in columns if not _is_blob(column)]
    keys = [column.name for column in table.primary_key]
    listed = ", ".join(f'"{name}"' for name in names)
    readers = [(name, _reader_of(table.c[name])) for name in names]
    by_row = ROW_READERS.get(table.name, {})
    for values in fetch(f'SELECT {listed} FROM "{table.name}"'):  # noqa: S608 - our own names
        row = dict(zip(names, values, strict=True))
        try:
            for column, read in readers:
                row[column] = read(row[column])
            for column, read_row in by_row.items():  # noqa: B007 - named in the error below
                read_row(row)
        # OSError: the name of a time zone is too long for the file system.
        except (*UNREADABLE, OSError) as error:
            return Unreadable(table.name, _key_text(row, keys), column, _reason(error))
    return None


def _is_blob(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.LargeBinary)


def _reader_of(column: sa.Column[Any]) -> Callable[[Any], Any]:
    """Return the function that checks a value of a column, and returns what its row shows."""
    if isinstance(column.type, sa.Float):
        return _finite
    read = READERS[column.table.name].get(column.name)
    if read is None:
        return _number

    def read_text(value: Any) -> str | None:
        if value is None:
            return None
        text = _decoded(value)
        read(text)
        return text

    return read_text


def _decoded(value: Any) -> str:
    if not isinstance(value, str | bytes):
        raise TypeError(f"it is {value!r:.40}, and not a text")
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"it has {len(value):,} bytes, more than any text that FitGlue stores")
    return value.decode() if isinstance(value, bytes) else value


def _number(value: Any) -> Any:
    if value is not None and not isinstance(value, int):
        raise TypeError(f"it is {value!r:.40}, and not a whole number")
    return value


def _finite(value: Any) -> Any:
    if value is not None and not (isinstance(value, int | float) and math.isfinite(value)):
        raise ValueError(f"it is {value!r:.40}, and not a number")
    return value


def _key_text(row: dict[str, Any], keys: Sequence[str]) -> str:
    shown = []
    for key in keys:
        value = row[key]
        # The texts of the columns that were not read yet are bytes.
        text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
        shown.append(text[:_LONGEST_KEY])
    return ascii(", ".join(shown))[1:-1]


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    # Damaged text may have control characters.
    text = str(error) or type(error).__name__
    return ascii(text)[1:-1][:_LONGEST_WHY]
