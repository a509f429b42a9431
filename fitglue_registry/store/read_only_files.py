"""Finds the file of a SQLite database that its user may not write."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from fitglue_registry.errors import Place, StoreFailed

if TYPE_CHECKING:
    from pathlib import Path

#: SQLite writes to all of them. Those beside the database get its mode when they are created, and
#: keep it when the mode of the database changes.
_ENDINGS = ("", "-wal", "-shm")


def read_only_file(database: Path) -> Path | None:
    """Return the first file of a database that this user may not write, or ``None``.

    Args:
        database: The file of the database.
    """
    for ending in _ENDINGS:
        file = database.with_name(f"{database.name}{ending}")
        if file.exists() and not os.access(file, os.W_OK):
            return file
    return None


def naming_the_file(error: StoreFailed, database: Path | None) -> StoreFailed:
    """Return an error about a read-only database with the file that causes it, if one does.

    Args:
        error: The error; one with another code is returned as it is.
        database: The file of the database, or ``None`` for a server.
    """
    if error.code != "FG-store-read-only" or database is None:
        return error
    file = read_only_file(database)
    if file is None:
        return error
    return StoreFailed(
        error.code,
        error.what,
        at=Place(str(file)),
        why="you have no permission to write this file",
        fix=f"chmod u+w {shlex.quote(str(file))}",
    )
