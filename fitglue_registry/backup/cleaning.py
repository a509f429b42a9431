"""Removes what other programs have added to the copy of a database, and its free pages."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from fitglue_registry.backup.schema_check import differences, names_of, shown
from fitglue_registry.errors import Place, StoreFailed

if TYPE_CHECKING:
    from pathlib import Path

    from fitglue_registry.backup.schema_check import Key

#: A database of fewer bytes is not made smaller.
_SMALL = 32_000_000


def remove_foreign(
    copy: sqlite3.Connection,
    format_: str,
    source: Path,
) -> tuple[str, ...]:
    """Remove the triggers, views, tables and indexes of other programs from a copy.

    A restore would refuse them, because a trigger could change the data later.

    Args:
        copy: The copy of the database.
        format_: Its format.
        source: The database, for errors.

    Returns:
        What was removed, each as kind and name.

    Raises:
        StoreFailed: FG-store-altered if a table, view or index of ours was changed or removed.
    """
    differs = differences(copy, format_)
    if differs.changed or differs.missing:
        raise _altered(source, f"{differs._replace(foreign=[])}")
    try:
        for key in differs.foreign:
            copy.execute(_drop(key))
    except sqlite3.Error as error:
        why = f"{names_of(differs.foreign)} cannot be left out: {error}"
        raise _altered(source, why) from error
    return tuple(f"{kind} {shown(name)}" for kind, name in differs.foreign)


def _drop(key: Key) -> str:
    kind, name = key
    quoted = name.replace('"', '""')
    # Removed together with its table, if that was foreign, too.
    return f'DROP {kind} IF EXISTS "{quoted}"'


def _altered(source: Path, why: str) -> StoreFailed:
    return StoreFailed(
        "FG-store-altered",
        "another program has changed the tables of the database",
        at=Place(str(source)),
        why=why,
        fix="undo that change, or restore an older backup with: fitglue backup restore FILE "
        "--replace",
    )


def mostly_free(copy: sqlite3.Connection) -> bool:
    """Return whether more than half of a large database is free pages.

    They can be empty, as after a large connection was removed, and would then compress to almost
    nothing. A restore does not unpack far more than the size of a backup.
    """
    pages, free, page_size = (
        copy.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return bool(free * 2 > pages and pages * page_size > _SMALL)


def compact(copy: sqlite3.Connection, file: Path) -> None:
    """Write the copy again without free pages, which may contain what was removed."""
    compacted = file.with_suffix(".compact")
    copy.execute("VACUUM INTO ?", (str(compacted),))
    with closing(sqlite3.connect(compacted)) as source:
        source.backup(copy)
    compacted.unlink()
