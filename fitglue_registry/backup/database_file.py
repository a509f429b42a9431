"""Opens a SQLite database file without changing it, checks it, and counts its rows."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fitglue_registry.errors import Place, StoreFailed
from fitglue_registry.model.stored import Packing
from fitglue_registry.store.driver_errors import RESTORE, translate_driver_error
from fitglue_registry.store.formats import FORMATS, HEAD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAMED_BLOBS = (
    # In a foreign database, the text can be longer than any hash.
    "SELECT DISTINCT substr(sha256, 1, 65) AS hash FROM fg_raw "  # noqa: S608 - our own constant
    f"WHERE packing = '{Packing.BLOB}' ORDER BY hash LIMIT ?"
)


@contextmanager
def sqlite_file(path: Path) -> Iterator[sqlite3.Connection]:
    """Open an existing database file without creating or upgrading it.

    Raises:
        StoreFailed: The file cannot be used.
    """
    connection = None
    try:
        # Not ``Database``, which would upgrade the file. ``mode=rw`` fails if there is no file,
        # where a plain path would create an empty one. With ``isolation_level=None``, the caller
        # begins the transactions.
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None
        )
        yield connection
    except UnicodeDecodeError as error:
        # A damaged text, or a message of SQLite that quotes a damaged name.
        raise StoreFailed(
            "FG-store-damaged",
            "the database file is damaged",
            at=Place(str(path)),
            why=f"it contains text that is not Unicode: {error}",
            fix=RESTORE,
        ) from error
    except sqlite3.Error as error:
        explained = translate_driver_error(str(error), str(path))
        if explained is None:
            raise StoreFailed(
                "FG-store-unreachable",
                "the database cannot be used",
                at=Place(str(path)),
                why=str(error),
                fix="check that the file belongs to you and that no other program uses it",
            ) from error
        raise explained from error
    finally:
        if connection is not None:
            connection.close()


def check_integrity(connection: sqlite3.Connection, where: str) -> None:
    """Raise ``StoreFailed`` FG-store-damaged with the first problem that SQLite reports."""
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
    return f"row {row_id} of {table} belongs to a row of {parent} that does not exist"


def store_format(connection: sqlite3.Connection) -> str | None:
    """Return the format of a database file, or ``None`` if the file is not a store."""
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
            f"the {what} was made by a newer version of FitGlue (format {format_}; this version "
            f"knows {HEAD})",
            at=Place(str(where)),
            why="nothing was changed",
            fix="upgrade fitglue-registry",
        )


def named_blobs(connection: sqlite3.Connection, most: int = -1) -> list[str]:
    """Return the hashes of the original files that the rows of a database name, sorted.

    Args:
        connection: The database.
        most: The largest number of hashes that is returned; a negative number returns all.
    """
    return [str(sha256) for (sha256,) in connection.execute(_NAMED_BLOBS, (most,))]


def row_counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the number of rows of each table of the store."""
    # From the file and not from tables.py: a backup may have an older format.
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 3) = 'fg_' "
        "ORDER BY name"
    ).fetchall()
    counts = {}
    for (table,) in tables:
        statement = f'SELECT count(*) FROM "{table}"'  # noqa: S608 - our names
        (counts[table],) = connection.execute(statement).fetchone()
    return counts
