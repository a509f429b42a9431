"""Lists the parts of records that are still to be fetched, or that were given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.model.stored import FETCHABLE, PartState
from fitglue_registry.store.joins import RECORDS
from fitglue_registry.store.tables import connections, parts, records

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.engine import Connection as Db


@dataclass(frozen=True, slots=True)
class OutstandingRow:
    """A part that is not there, or not in its newest version."""

    connection_id: str
    external_id: str
    part: str
    state: str  # PartState.WANTED or PartState.FAILED
    tries: int
    code: str | None
    reason: str | None
    is_stored: bool  # an older version of it is stored


def list_outstanding(db: Db, record_ids: Collection[int]) -> list[OutstandingRow]:
    """Return the parts of these records that syncs fetch, or have given up."""
    query = (
        sa.select(
            connections.c.id.label("connection_id"),
            records.c.external_id,
            parts,
        )
        .select_from(RECORDS.join(parts, parts.c.record_id == records.c.id))
        .where(
            records.c.id.in_(record_ids),
            records.c.state.in_(FETCHABLE),
            parts.c.state.in_((PartState.WANTED, PartState.FAILED)),
        )
        .order_by(records.c.id, parts.c.part)
    )
    return [
        OutstandingRow(
            connection_id=row.connection_id,
            external_id=row.external_id,
            part=row.part,
            state=row.state,
            tries=row.tries,
            code=row.code,
            reason=row.reason,
            is_stored=row.raw_id is not None,
        )
        for row in db.execute(query)
    ]
