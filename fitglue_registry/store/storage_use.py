"""Counts how many bytes an athlete's records keep in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.store.statements import Statement
from fitglue_registry.store.tables import (
    connections,
    raw,
    records,
    source_activities,
    streams,
)

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection as Db

RECORD_BYTES = 10_000
"""What a record keeps beside its parts and streams: its rows, and the documents of its source
activity and its activity, of about 5 kB each.
"""

_OF_ATHLETE = connections.c.athlete_id == sa.bindparam("athlete")
# The length of a value is read without the value itself, which would take far longer.
_PARTS = Statement(
    sa.select(sa.func.sum(sa.func.coalesce(sa.func.length(raw.c.content), raw.c.size)))
    .select_from(raw)
    .join(records, records.c.id == raw.c.record_id)
    .join(connections, connections.c.id == records.c.connection_id)
    .where(_OF_ATHLETE)
)
_STREAMS = Statement(
    sa.select(sa.func.sum(sa.func.length(streams.c.content)))
    .select_from(streams)
    .join(source_activities, source_activities.c.id == streams.c.source_activity_id)
    .where(source_activities.c.athlete_id == sa.bindparam("athlete"))
)
_RECORDS = Statement(
    sa.select(sa.func.count())
    .select_from(records)
    .join(connections, connections.c.id == records.c.connection_id)
    .where(_OF_ATHLETE)
)


def stored_bytes(db: Db, athlete_id: str) -> int:
    """Return the bytes that an athlete's records take: parts, original files, streams and rows.

    An original file counts with its size for each record that has it, although the store keeps
    equal files once.
    """
    parts = _PARTS.scalar(db, athlete=athlete_id) or 0
    channels = _STREAMS.scalar(db, athlete=athlete_id) or 0
    number = _RECORDS.scalar(db, athlete=athlete_id) or 0
    return int(parts) + int(channels) + RECORD_BYTES * int(number)
