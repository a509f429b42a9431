"""Checks that the values of a database have the types of their columns.

SQLite stores a value of any type in any column, and a reader that expects text fails on bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

# The declared type of a column → the types that SQLite reports for its values.
_STORED_AS = {
    "TEXT": ("text", "null"),
    "VARCHAR(32)": ("text", "null"),
    "INTEGER": ("integer", "null"),
    "BIGINT": ("integer", "null"),
    "BOOLEAN": ("integer", "null"),
    "FLOAT": ("real", "integer", "null"),
    "BLOB": ("blob", "null"),
}


def wrong_type(connection: sqlite3.Connection) -> str | None:
    """Return the first column with a value of a wrong type, or ``None``.

    Args:
        connection: The database, whose schema is that of a store.
    """
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (table,) in tables:
        columns = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
        checked = [(name, type_) for _, name, type_, *_ in columns if type_ in _STORED_AS]
        if not checked:
            continue
        # One scan of the table for all of its columns.
        wrong = ", ".join(
            f'count(CASE WHEN typeof("{name}") NOT IN {_STORED_AS[type_]} THEN 1 END)'
            for name, type_ in checked
        )
        statement = f'SELECT {wrong} FROM "{table}"'  # noqa: S608 - names of our own schema
        for (name, type_), number in zip(
            checked, connection.execute(statement).fetchone(), strict=True
        ):
            if number:
                return f"{number:,} values of {table}.{name} are not {type_}"
    return None
