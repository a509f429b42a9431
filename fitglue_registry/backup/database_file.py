"""A SQLite database file that nobody else has open: opened as it is, checked, and counted."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fitglue_registry.errors import Place, StoreFailed
from fitglue_registry.store.driver_errors import RESTORE, explain
from fitglue_registry.store.formats import FORMATS, HEAD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def sqlite_file(path: Path) -> Iterator[sqlite3.Connection]:
    """A database file that has to be there, opened as it is: neither made nor brought up to date;
    failures in our words.
    """
    connection = None
    try:
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None
        )
        yield connection
    except sqlite3.Error as error:
        explained = explain(str(error), str(path))
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
    found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found == "ok":
        orphan = connection.execute("PRAGMA foreign_key_check").fetchone()
        found = (
            f"row {orphan[1]} of {orphan[0]} belongs to a row of {orphan[2]} that is not there"
            if orphan
            else "ok"
        )
    if found != "ok":
        raise StoreFailed(
            "FG-store-damaged",
            "the database file is damaged",
            at=Place(where),
            why=found.splitlines()[-1][:200],
            fix=RESTORE,
        )


def store_format(connection: sqlite3.Connection) -> str | None:
    """The migration that a database file stands at, ``None`` for one that is no store of ours."""
    known = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
    ).fetchone()
    found = (
        connection.execute("SELECT version_num FROM alembic_version").fetchone() if known else None
    )
    return str(found[0]) if found else None


def hold_known(format_: str, what: str, where: Path) -> None:
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
    """How many rows each of our tables has."""
    tables = [
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        )
    ]
    names = [name for name in tables if name.startswith("fg_")]
    counts = {}
    for name in names:
        statement = f'SELECT count(*) FROM "{name}"'  # noqa: S608 - our names
        counts[name] = connection.execute(statement).fetchone()[0]
    return counts
