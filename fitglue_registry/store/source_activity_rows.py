"""Loads source activities with the keys of their records, as the matcher needs them.

Their documents can be large, so they are loaded separately, and a few at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.model.stored import RecordState
from fitglue_registry.store.joins import SOURCE_ACTIVITIES
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.stored_claims import claims_of
from fitglue_registry.store.tables import connections, records, source_activities

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy.engine import Connection as Db


@dataclass(frozen=True, slots=True)
class SourceActivityRow:
    """One source activity with the keys of its record and its connection."""

    id: int
    connection_id: str
    entry: str  # the id of the source's entry
    account_id: str
    external_id: str
    leg_no: int
    stub: bool
    gone: bool  # the record is a tombstone
    clock_start: datetime | None  # local, or UTC if the zone is unknown; without a zone
    claims: frozenset[str]
    activity_id: str | None
    home_id: str | None  # the first activity that it belonged to; a split returns to it
    document_size: int  # in characters; ``documents_of`` loads the document


_ROWS = Statement(
    sa.select(
        source_activities.c.id,
        source_activities.c.leg_no,
        source_activities.c.stub,
        source_activities.c.clock_start,
        source_activities.c.activity_id,
        source_activities.c.home_id,
        sa.func.length(source_activities.c.document).label("document_size"),
        records.c.connection_id,
        records.c.external_id,
        records.c.state,
        connections.c.source,
        connections.c.account_id,
    )
    .select_from(SOURCE_ACTIVITIES)
    .where(source_activities.c.id.in_(IDS))
)
_DOCUMENTS = Statement(
    sa.select(source_activities.c.id, source_activities.c.document).where(
        source_activities.c.id.in_(IDS)
    )
)
#: The characters of the documents that are loaded at once, except for a larger one.
_MOST_AT_ONCE = 2_000_000


def load_rows(
    db: Db,
    ids: Iterable[int],
    *,
    with_claims: bool = True,
) -> dict[int, SourceActivityRow]:
    """Return the source activities with these ids, by id; ids that do not exist are left out.

    Without ``with_claims``, the claims of each are empty, which saves a query.
    """
    loaded: dict[int, SourceActivityRow] = {}
    wanted = sorted(set(ids))
    claimed = claims_of(db, wanted) if with_claims else {}
    for row in _ROWS.each_row(db, wanted):
        asserted = frozenset(claimed.get(row.id, ()))
        loaded[row.id] = _loaded(row, asserted)
    return loaded


def _loaded(row: Any, asserted: frozenset[str]) -> SourceActivityRow:
    clock_start = None
    if row.clock_start:
        clock_start = datetime.fromisoformat(row.clock_start)
    return SourceActivityRow(
        id=row.id,
        connection_id=row.connection_id,
        entry=row.source,
        account_id=row.account_id,
        external_id=row.external_id,
        leg_no=row.leg_no,
        stub=bool(row.stub),
        gone=row.state == RecordState.GONE,
        clock_start=clock_start,
        claims=asserted,
        activity_id=row.activity_id,
        home_id=row.home_id,
        document_size=row.document_size,
    )


def documents_of(db: Db, rows: Iterable[SourceActivityRow]) -> Iterator[tuple[int, str]]:
    """Yield the id and the JSON document of each of these rows, loading megabytes at a time."""
    for ids in _loaded_at_once(rows):
        for row in _DOCUMENTS.each_row(db, ids):
            yield row.id, row.document


def _loaded_at_once(rows: Iterable[SourceActivityRow]) -> Iterator[list[int]]:
    ids: list[int] = []
    size = 0
    for row in rows:
        if ids and size + row.document_size > _MOST_AT_ONCE:
            yield ids
            ids, size = [], 0
        ids.append(row.id)
        size += row.document_size
    if ids:
        yield ids
