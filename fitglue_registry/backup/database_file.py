"""A SQLite database file that nobody else has open: opened as it is, checked, and counted."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fitglue_registry.errors import Place, StoreFailed
from fitglue_registry.store.driver_errors import RESTORE, translate_driver_error
from fitglue_registry.store.formats import FORMATS, HEAD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def sqlite_file(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database file that has to be there, as it is: neither made nor brought up to date;
    failures in our words.
    """
    connection = None
    try:
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None
        )
        yield connection
    except sqlite3.Error as error:
        explained = translate_driver_error(str(error), str(path))
        if explained is None:
            raise StoreFailed(
                "FG-store-unreachable",
                "the database cannot be used",
                at=Place(str(path)),
                why=str(error),
                fix="look whether the file is yours and no other program keeps it",
            ) from error
        raise explained from error
    finally:
        if connection is not None:
            connection.close()


def check_integrity(connection: sqlite3.Connection, where: str) -> None:
    """Raise ``StoreFailed`` FG-store-damaged with the first thing that SQLite finds wrong."""
    problem = _first_problem(connection)
    if problem is not None:
        raise StoreFailed(
            "FG-store-damaged",
            "the database file is damaged",
            at=Place(where),
            why=problem.splitlines()[-1][:200],
            fix=RESTORE,
        )


def _first_problem(connection: sqlite3.Connection) -> str | None:
    (result,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if result != "ok":
        return str(result)
    orphan = connection.execute("PRAGMA foreign_key_check").fetchone()
    if orphan is None:
        return None
    table, row_id, parent, _ = orphan
    return f"row {row_id} of {table} belongs to a row of {parent} that is not there"


def store_format(connection: sqlite3.Connection) -> str | None:
    """Return the migration that a database file stands at, ``None`` for one that is no store of
    ours.
    """
    is_ours = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
    ).fetchone()
    if not is_ours:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else None


def check_known(
    format_: str,
    what: str,
    where: Path,
) -> None:
    """Raise ``StoreFailed`` FG-store-newer for a format that this version does not know."""
    if format_ not in FORMATS:
        raise StoreFailed(
            "FG-store-newer",
            f"the {what} was made by a newer fitglue (format {format_}, this one knows {HEAD})",
            at=Place(str(where)),
            why="nothing was touched",
            fix="upgrade fitglue-registry",
        )


def row_counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many rows each of our tables has."""
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 3) = 'fg_' "
        "ORDER BY name"
    ).fetchall()
    counts = {}
    for (table,) in tables:
        statement = f'SELECT count(*) FROM "{table}"'  # noqa: S608 - our names
        (counts[table],) = connection.execute(statement).fetchone()
    return counts
