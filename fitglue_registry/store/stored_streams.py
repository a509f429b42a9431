"""The streams of source activities: one blob for each, with the names of its channels beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from fitglue_registry.store.json_text import json_text
from fitglue_registry.store.statements import IDS, Statement, each_row, insert_row
from fitglue_registry.store.stream_blobs import decode_blob
from fitglue_registry.store.tables import streams

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.model import Stream
    from fitglue_registry.store.encoding import EncodedActivity

_DELETE = Statement(
    sa.delete(streams).where(streams.c.source_activity_id == sa.bindparam("number"))
)
_SAMPLES = sa.select(
    streams.c.source_activity_id,
    streams.c.types,
    streams.c.samples,
).where(streams.c.source_activity_id.in_(IDS))


def put_streams(
    db: Db,
    number: int,
    encoded: EncodedActivity,
    *,
    known: bool,
) -> None:
    """Store the streams of a source activity in place of those that it had."""
    if known:
        _DELETE.run(db, number=number)
    if encoded.blob is None:
        return
    insert_row(
        db,
        streams,
        source_activity_id=number,
        types=json_text(encoded.types),
        samples=encoded.samples,
        content=encoded.blob,
    )


def samples_of(db: Db, ids: Iterable[int]) -> dict[int, tuple[tuple[str, ...], int]]:
    """Source activity → the channels of its streams, and how many samples each has."""
    samples = {}
    for row in each_row(db, _SAMPLES, sorted(set(ids))):
        channels = tuple(msgspec.json.decode(row.types))
        samples[row.source_activity_id] = (channels, row.samples)
    return samples


def load_streams(
    db: Db,
    source_activity_id: int,
    types: Sequence[str] | None = None,
) -> tuple[Stream, ...]:
    """The streams of a source activity, all or those named."""
    query = sa.select(streams.c.content).where(streams.c.source_activity_id == source_activity_id)
    blob = db.scalar(query)
    if blob is None:
        return ()
    return decode_blob(blob, types)
