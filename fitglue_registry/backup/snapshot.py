"""Copies the database of a store as it is at one moment, while other processes work on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.backup.cleaning import compact, mostly_free, remove_foreign
from fitglue_registry.backup.database_file import (
    check_integrity,
    check_known,
    named_blobs,
    row_counts,
    sqlite_file,
    store_format,
)
from fitglue_registry.backup.manifest import DATABASE
from fitglue_registry.backup.writing import new_private_file
from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.model.stored import Packing
from fitglue_registry.store.formats import HEAD
from fitglue_registry.store.tables import connections, metadata, raw
from fitglue_registry.store.value_check import damaged_value, unreadable_in_file

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

    from fitglue_registry.backup.opened import OnStep
    from fitglue_registry.store.database import Database

_PAGES = 2_000  # copied between two reports of progress
_NAMED_SECRETS = "SELECT secret_ref FROM fg_connections WHERE secret_ref IS NOT NULL ORDER BY id"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A copy of the database, with the names of the original files and secrets that it needs."""

    file: Path | None  # None for a database of a server, which is not copied
    store_format: str
    rows: dict[str, int]  # table → number of rows
    blobs: Sequence[str]  # the hashes of the original files
    secret_refs: Sequence[str]
    left_out: Sequence[str] = ()  # what other programs have added to the database


def take_snapshot(
    database: Database,
    folder: Path,
    report: OnStep,
) -> Snapshot:
    """Copy the database into ``folder`` as it is at this moment.

    Raises:
        UserMistake: FG-nothing-to-back-up.
        StoreFailed: The store is damaged or has a newer format.
    """
    if database.path is None:
        return _describe_server(database)
    return _copy(database.path, folder / DATABASE, report)


def _copy(
    source: Path,
    target: Path,
    report: OnStep,
) -> Snapshot:
    if not source.is_file() or not source.stat().st_size:
        raise UserMistake(
            "FG-nothing-to-back-up",
            "no database exists yet",
            at=Place(str(source)),
            fix="fitglue connect intervals",
        )
    with sqlite_file(source) as live:
        # SQLite's backup starts over whenever another process commits, so during a sync it might
        # never end. Inside a read transaction, it copies one state of the database.
        live.execute("BEGIN")
        # This read also starts the transaction, and reports a problem of the store itself.
        format_ = _known_format(live, source)
        with sqlite_file(new_private_file(target)) as copy:
            _copy_pages(live, copy, report)
            live.execute("ROLLBACK")
            # Without write-ahead log, the copy is one complete file that any tool can read, even
            # from a read-only medium.
            copy.execute("PRAGMA journal_mode=DELETE")
            check_integrity(copy, str(source))
            left_out = remove_foreign(copy, format_, source)
            _check_values(copy, source)
            if left_out or mostly_free(copy):
                compact(copy, target)
            return Snapshot(
                target,
                format_,
                row_counts(copy),
                blobs=named_blobs(copy),
                secret_refs=_column(copy, _NAMED_SECRETS),
                left_out=left_out,
            )


def _check_values(copy: sqlite3.Connection, source: Path) -> None:
    """Refuse a value that cannot be read: no restore would accept the backup."""
    unreadable = unreadable_in_file(copy)
    if unreadable is not None:
        raise damaged_value(unreadable, str(source))


def _copy_pages(
    live: sqlite3.Connection,
    copy: sqlite3.Connection,
    report: OnStep,
) -> None:
    def progress(
        _status: int,
        left: int,
        total: int,
    ) -> None:
        report("pages of the database", total - left, total)

    live.backup(copy, pages=_PAGES, progress=progress)


def _known_format(connection: sqlite3.Connection, where: Path) -> str:
    """Return the format of a store; raise an error if this version does not know it.

    In a format that it does not know, it cannot find the files that belong to the store.
    """
    format_ = store_format(connection)
    if format_ is None:
        raise UserMistake(
            "FG-nothing-to-back-up",
            "that database is not a FitGlue store",
            at=Place(str(where)),
            fix="fitglue connect intervals",
        )
    check_known(format_, "database", where)
    return format_


def _column(connection: sqlite3.Connection, query: str) -> list[str]:
    return [value for (value,) in connection.execute(query)]


def _describe_server(database: Database) -> Snapshot:
    blobs = (
        sa.select(raw.c.sha256)
        .where(raw.c.packing == Packing.BLOB)
        .distinct()
        .order_by(raw.c.sha256)
    )
    secret_refs = sa.select(connections.c.secret_ref).where(connections.c.secret_ref.is_not(None))
    rows = {}
    with database.read() as db:
        for name, table in sorted(metadata.tables.items()):
            rows[name] = db.scalar(sa.select(sa.func.count()).select_from(table)) or 0
        return Snapshot(None, HEAD, rows, db.scalars(blobs).all(), db.scalars(secret_refs).all())
