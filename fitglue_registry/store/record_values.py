"""Builds the record that ``fitglue_normalize`` gets from the parts that are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.model.moments import clock_text
from fitglue_registry.plugin_api import Account, Body, Record
from fitglue_registry.store.parts import SECOND_LOOK
from fitglue_registry.store.statements import IDS, chunks
from fitglue_registry.store.tables import (
    parts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.raw_parts import RawStore


_ORDER = ("summary", "detail", "streams", "file")

_TICK = timedelta(milliseconds=1)  # moments are kept to the millisecond

#: Of what will not come, as far as is known; a part that failed for now says nothing about the
#: workout.
_REASONS = sa.select(parts.c.record_id, parts.c.part, parts.c.reason).where(
    parts.c.record_id.in_(IDS),
    sa.or_(parts.c.state == "none", parts.c.tries == SECOND_LOOK),
    parts.c.reason.is_not(None),
)


def load_records(
    db: Db, raws: RawStore, entry_id: str, account: Account | None, keys: Sequence[tuple[int, str]]
) -> dict[int, Record]:
    """The records of these (id, external id) with all their newest parts, ready to be
    normalized.
    """
    bodies = raws.newest(db, [record_id for record_id, _ in keys])
    reasons: dict[int, dict[str, str]] = {}
    for some in chunks(record_id for record_id, _ in keys):
        for row in db.execute(_REASONS, {"ids": some}):
            reasons.setdefault(row.record_id, {})[row.part] = row.reason
    return {
        record_id: make_record(
            external_id, entry_id, account, bodies.get(record_id, {}), reasons.get(record_id, {})
        )
        for record_id, external_id in keys
    }


def make_record(
    external_id: str,
    entry_id: str,
    account: Account | None,
    bodies: Mapping[str, tuple[Body, str]],
    reasons: Mapping[str, str],
) -> Record:
    """The value that ``fitglue_normalize`` gets."""
    ordered = sorted(bodies, key=_place_of)
    received = {part: datetime.fromisoformat(bodies[part][1]) for part in ordered}
    return Record(
        external_id,
        entry_id,
        {part: bodies[part][0] for part in ordered},
        account,
        received,
        dict(reasons),
    )


def with_part(record: Record, part: str, body: Body, received: datetime) -> Record:
    """The record with one more part, or another state of it; the order of parts does not tell in
    which order they came.

    What comes later is written down as received later, also by a clock that stood still or was set
    back: the later part wins.
    """
    received = received.replace(microsecond=received.microsecond // 1000 * 1000)
    received = max(
        [received, *(moment + _TICK for name, moment in record.received.items() if name != part)]
    )
    parts_now = {**record.parts, part: body}
    return replace(
        record,
        parts={name: parts_now[name] for name in sorted(parts_now, key=_place_of)},
        received={**record.received, part: received},
        unavailable={name: reason for name, reason in record.unavailable.items() if name != part},
    )


def received_text(record: Record, part: str) -> str:
    """When a part of a record came, as the store writes moments."""
    return clock_text(record.received[part])


def _place_of(part: str) -> tuple[int, str]:
    return (_ORDER.index(part) if part in _ORDER else len(_ORDER), part)
