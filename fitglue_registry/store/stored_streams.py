"""The streams of source activities, kept as one blob each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from fitglue_registry.store.json_text import json_text
from fitglue_registry.store.statements import IDS, Statement, chunks, insert_row
from fitglue_registry.store.stream_codec import decode_streams
from fitglue_registry.store.tables import (
    streams,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry import model
    from fitglue_registry.store.encoding import EncodedActivity


_NO_STREAMS = Statement(
    sa.delete(streams).where(streams.c.source_activity_id == sa.bindparam("number"))
)


def put_streams(db: Db, number: int, one: EncodedActivity, *, known: bool) -> None:
    """Store the streams of a source activity in place of those that it had."""
    if known:
        _NO_STREAMS.run(db, number=number)
    if one.blob is not None:
        insert_row(
            db,
            streams,
            source_activity_id=number,
            types=json_text(one.types),
            samples=one.samples,
            content=one.blob,
        )


_SAMPLES = sa.select(streams.c.source_activity_id, streams.c.types, streams.c.samples).where(
    streams.c.source_activity_id.in_(IDS)
)


def samples_of(db: Db, ids: Iterable[int]) -> dict[int, tuple[tuple[str, ...], int]]:
    """Source activity → the channels of its streams, and how many samples each has."""
    return {
        row.source_activity_id: (tuple(msgspec.json.decode(row.types)), row.samples)
        for some in chunks(sorted(set(ids)))
        for row in db.execute(_SAMPLES, {"ids": some})
    }


def load_streams(
    db: Db, source_activity_id: int, types: Sequence[str] | None = None
) -> tuple[model.Stream, ...]:
    """The streams of a source activity, all or those named."""
    blob = db.scalar(
        sa.select(streams.c.content).where(streams.c.source_activity_id == source_activity_id)
    )
    return decode_streams(blob, types) if blob else ()
