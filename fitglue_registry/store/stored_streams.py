"""Stores and loads the streams of source activities: one blob each, with the names of its channels.

The names are in a separate column, so that a list can show them without decoding the blob.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from fitglue_registry.store.json_text import json_text
from fitglue_registry.store.rows import upsert_many
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.stream_blobs import decode_blob
from fitglue_registry.store.tables import streams

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.model import Stream
    from fitglue_registry.store.encoding import EncodedActivity

_DELETE = Statement(sa.delete(streams).where(streams.c.source_activity_id.in_(IDS)))
_SAMPLES = Statement(
    sa.select(
        streams.c.source_activity_id,
        streams.c.types,
        streams.c.samples,
    ).where(streams.c.source_activity_id.in_(IDS))
)


def put_streams(
    db: Db,
    encoded: Mapping[int, EncodedActivity],
    known: Collection[int],
) -> None:
    """Replace the streams of source activities.

    Args:
        db: A transaction that may write.
        encoded: The source activities by their ids.
        known: The ids of those that may have streams already.
    """
    rows = []
    without = []
    for source_activity_id, leg in encoded.items():
        if leg.blob is None:
            without.append(source_activity_id)
            continue
        row = {
            "source_activity_id": source_activity_id,
            "types": json_text(leg.types),
            "samples": leg.samples,
            "content": leg.blob,
        }
        rows.append(row)
    upsert_many(db, streams, rows)
    _DELETE.run_each(db, [number for number in without if number in known])


def samples_of(db: Db, ids: Iterable[int]) -> dict[int, tuple[tuple[str, ...], int]]:
    """Return, by source activity id, the channels of its streams and their number of samples.

    Source activities without streams are left out.
    """
    samples = {}
    for row in _SAMPLES.each_row(db, sorted(set(ids))):
        channels = tuple(msgspec.json.decode(row.types))
        samples[row.source_activity_id] = (channels, row.samples)
    return samples


def load_streams(
    db: Db,
    source_activity_id: int,
    types: Sequence[str] | None = None,
) -> tuple[Stream, ...]:
    """Return the streams of a source activity, all or those in ``types``.

    Raises:
        ValueError: The stored blob is damaged.
    """
    query = sa.select(streams.c.content).where(streams.c.source_activity_id == source_activity_id)
    blob = db.scalar(query)
    if blob is None:
        return ()
    return decode_blob(blob, types)
