"""Loads source activities with the keys of their records, as the matcher needs them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.store.statements import IDS, chunks
from fitglue_registry.store.tables import (
    claims,
    connections,
    records,
    source_activities,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection as Db


@dataclass(frozen=True, slots=True)
class SourceActivityRow:
    """One source activity with its record's keys, as the matcher needs it."""

    id: int
    connection_id: str
    entry: str
    account_id: str
    external_id: str
    leg_no: int
    stub: bool
    gone: bool
    start_local: datetime | None
    claims: frozenset[str]
    activity_id: str | None
    home_id: str | None
    document: str


_CLAIMS_OF = sa.select(claims.c.source_activity_id, claims.c.claim).where(
    claims.c.source_activity_id.in_(IDS)
)

_ROWS = (
    sa.select(
        *(
            source_activities.c[name]
            for name in (
                "id",
                "leg_no",
                "stub",
                "start_local",
                "activity_id",
                "home_id",
                "document",
            )
        ),
        records.c.connection_id,
        records.c.external_id,
        records.c.state,
        connections.c.source,
        connections.c.account_id,
    )
    .join(records, records.c.id == source_activities.c.record_id)
    .join(connections, connections.c.id == records.c.connection_id)
    .where(source_activities.c.id.in_(IDS))
)


def load_rows(
    db: Db, ids: Iterable[int], *, claims_too: bool = True
) -> dict[int, SourceActivityRow]:
    """The source activities of these ids, with their claims unless nobody asks for them."""
    found: dict[int, SourceActivityRow] = {}
    for some in chunks(sorted(set(ids))):
        said: dict[int, set[str]] = defaultdict(set)
        for number, claim in db.execute(_CLAIMS_OF, {"ids": some}) if claims_too else ():
            said[number].add(claim)
        for row in db.execute(_ROWS, {"ids": some}):
            start = datetime.fromisoformat(row.start_local) if row.start_local else None
            found[row.id] = SourceActivityRow(
                row.id,
                row.connection_id,
                row.source,
                row.account_id,
                row.external_id,
                row.leg_no,
                bool(row.stub),
                row.state == "gone",
                start,
                frozenset(said[row.id]),
                row.activity_id,
                row.home_id,
                row.document,
            )
    return found
