"""The records that connections listed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.model.stored import RecordState
from fitglue_registry.store.days import end_of
from fitglue_registry.store.statements import IDS, each_row, insert_one, update_one
from fitglue_registry.store.tables import records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.plugin_api import Window


@dataclass(frozen=True, slots=True)
class RecordRow:
    """What the store knows of a record before a listing is looked at."""

    id: int
    external_id: str
    state: str
    revision: str
    start_local: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a plugin to normalize a record."""

    plugin: str
    plugin_version: str | None
    at: str


def select_records() -> sa.Select[Any]:
    """A query for the columns of ``RecordRow``, in their order."""
    return sa.select(
        records.c.id,
        records.c.external_id,
        records.c.state,
        records.c.revision,
        records.c.start_local,
    )


def known_records(
    db: Db,
    connection_id: str,
    external_ids: Iterable[str],
) -> dict[str, RecordRow]:
    """The records of these external ids that the store has."""
    query = select_records().where(
        records.c.connection_id == connection_id,
        records.c.external_id.in_(IDS),
    )
    return {row.external_id: RecordRow(*row) for row in each_row(db, query, external_ids)}


def records_in(
    db: Db,
    connection_id: str,
    window: Window,
) -> list[RecordRow]:
    """The records that a listing of this window has to show: started inside it, neither gone nor
    already missed.
    """
    expected = (RecordState.LISTED, RecordState.STUB)
    query = select_records().where(
        records.c.connection_id == connection_id,
        records.c.state.in_(expected),
        *inside(window),
    )
    return [RecordRow(*row) for row in db.execute(query)]


def inside(window: Window) -> Iterator[sa.ColumnElement[bool]]:
    """The conditions that a record started in this window."""
    if window.oldest:
        yield records.c.start_local >= window.oldest.isoformat()
    if window.newest:
        yield records.c.start_local < end_of(window.newest)


def records_in_state(
    db: Db,
    connection_id: str,
    state: str,
) -> list[RecordRow]:
    """The records of one state, newest start first."""
    query = select_records().where(
        records.c.connection_id == connection_id,
        records.c.state == state,
    )
    # Sorted here: told to sort, SQLite walks through the whole history by its start instead of
    # looking up the few by their state.
    rows = [RecordRow(*row) for row in db.execute(query)]
    rows.sort(key=lambda row: row.id)
    rows.sort(key=lambda row: row.start_local or "", reverse=True)
    return rows


def insert_record(db: Db, connection_id: str, external_id: str, **values: Any) -> int:
    """Store a record that is seen for the first time."""
    return insert_one(
        db,
        records,
        connection_id=connection_id,
        external_id=external_id,
        **values,
    )


def update_record(db: Db, record_id: int, **values: Any) -> None:
    """Set columns of a record."""
    update_one(db, records, record_id, **values)
