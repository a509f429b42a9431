"""Stores and finds the records that connections list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.model.stored import RecordState
from fitglue_registry.store.days import end_of
from fitglue_registry.store.rows import insert_many, new_ids, update_many, update_one
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.tables import records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.plugin_api import Window


#: The reason (JSON) of a record whose deletion is held, and that is to be asked for once more. It
#: is not null: only the athlete can confirm a deletion that was reported as held.
ASK_AGAIN = "{}"


@dataclass(frozen=True, slots=True)
class RecordRow:
    """The columns of a record that a listing is compared with."""

    id: int
    external_id: str
    state: str  # a value of ``RecordState``
    revision: str
    start_local: str | None
    at_source: str | None = None
    reason: str | None = None  # why it is a stub, gone or held, as JSON

    @property
    def day(self) -> date | None:
        """The local day on which it started, if it is known."""
        if self.start_local is None:
            return None
        return datetime.fromisoformat(self.start_local).date()

    @property
    def is_reported(self) -> bool:
        """Whether a run has told the athlete that its deletion is held."""
        return self.state == RecordState.HELD and self.reason is not None

    @property
    def is_asked(self) -> bool:
        """Whether the source was asked for it since its deletion is held."""
        return self.is_reported and self.reason != ASK_AGAIN


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a plugin to normalize a record."""

    plugin: str
    plugin_version: str | None
    at: str


def select_records() -> sa.Select[Any]:
    """Return a query for the columns of ``RecordRow``, in their order."""
    return sa.select(
        records.c.id,
        records.c.external_id,
        records.c.state,
        records.c.revision,
        records.c.start_local,
        records.c.at_source,
        records.c.reason,
    )


_KNOWN = Statement(
    select_records().where(
        records.c.connection_id == sa.bindparam("connection"),
        records.c.external_id.in_(IDS),
    )
)


def known_records(
    db: Db,
    connection_id: str,
    external_ids: Iterable[str],
) -> dict[str, RecordRow]:
    """Return, by external id, the records of a connection that the store has."""
    rows = _KNOWN.each_row(db, external_ids, connection=connection_id)
    return {row.external_id: RecordRow(*row) for row in rows}


def records_in(
    db: Db,
    connection_id: str,
    window: Window,
) -> list[RecordRow]:
    """Return the records that a listing of this window must show, or else they have vanished.

    They started inside the window. Records that are gone, or confirmed although no window shows
    them, are left out.
    """
    expected = (RecordState.LISTED, RecordState.STUB, RecordState.MISSING, RecordState.HELD)
    query = select_records().where(
        records.c.connection_id == connection_id,
        records.c.state.in_(expected),
        *inside(window),
    )
    return [RecordRow(*row) for row in db.execute(query)]


def inside(window: Window) -> Iterator[sa.ColumnElement[bool]]:
    """Yield the conditions under which a record started in this window; both days are included."""
    if window.oldest:
        yield records.c.start_local >= window.oldest.isoformat()
    if window.newest:
        yield records.c.start_local < end_of(window.newest)


def records_in_state(
    db: Db,
    connection_id: str,
    *states: RecordState,
) -> list[RecordRow]:
    """Return the records of a connection in these states, newest start first."""
    query = select_records().where(
        records.c.connection_id == connection_id,
        records.c.state.in_(states),
    )
    # Sorted in Python: with ORDER BY, SQLite reads the whole history in the order of its starts
    # instead of looking up the few records by their state.
    rows = [RecordRow(*row) for row in db.execute(query)]
    # By id first: sorting is stable, so records with the same start stay in the order of their ids.
    rows.sort(key=lambda row: row.id)
    rows.sort(key=lambda row: row.start_local or "", reverse=True)
    return rows


def records_gone_since(
    db: Db,
    connection_id: str,
    since: str,
    window: Window,
) -> list[RecordRow]:
    """Return the tombstones of records that started in a window and were deleted since a moment."""
    query = select_records().where(
        records.c.connection_id == connection_id,
        records.c.state == RecordState.GONE,
        records.c.gone_at >= since,
        *inside(window),
    )
    return [RecordRow(*row) for row in db.execute(query)]


def count_existing(db: Db, connection_id: str) -> int:
    """Return how many records of a connection have not been deleted at their source."""
    query = sa.select(sa.func.count()).where(
        records.c.connection_id == connection_id,
        records.c.state != RecordState.GONE,
    )
    return db.scalar(query) or 0


def insert_records(
    db: Db,
    connection_id: str,
    rows: Sequence[Mapping[str, Any]],
) -> Sequence[int]:
    """Store records that are listed for the first time, and return their ids in the same order.

    Args:
        db: A transaction that may write.
        connection_id: The connection that lists them.
        rows: The other columns of each record.
    """
    ids = new_ids(db, records, len(rows))
    numbered = []
    for record_id, row in zip(ids, rows, strict=True):
        numbered.append({"id": record_id, "connection_id": connection_id, **row})
    insert_many(db, records, numbered)
    return ids


def update_records(db: Db, rows: Sequence[Mapping[str, Any]]) -> None:
    """Set the same columns of many records; each row has the id of its record."""
    update_many(db, records, rows)


def update_record(db: Db, record_id: int, **values: Any) -> None:
    """Set columns of a record."""
    update_one(db, records, record_id, **values)
