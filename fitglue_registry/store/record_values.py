"""Builds the record that ``fitglue_normalize`` gets from the parts that are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.model.moments import clock_text
from fitglue_registry.model.stored import PartName, PartState
from fitglue_registry.plugin_api import Account, Body, Record
from fitglue_registry.store.parts import SECOND_LOOK
from fitglue_registry.store.statements import IDS, each_row
from fitglue_registry.store.tables import parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.raw_parts import RawStore

_ORDER: tuple[str, ...] = tuple(PartName)
_TICK = timedelta(milliseconds=1)  # moments are kept to the millisecond

#: Of what will not come, as far as is known; a part that failed for now says nothing about the
#: workout.
_REASONS = sa.select(
    parts.c.record_id,
    parts.c.part,
    parts.c.reason,
).where(
    parts.c.record_id.in_(IDS),
    sa.or_(parts.c.state == PartState.NONE, parts.c.tries == SECOND_LOOK),
    parts.c.reason.is_not(None),
)


def load_records(
    db: Db,
    raws: RawStore,
    entry_id: str,
    account: Account | None,
    keys: Sequence[tuple[int, str]],
) -> dict[int, Record]:
    """The records of these (id, external id) with all their newest parts, ready to be
    normalized.
    """
    record_ids = [record_id for record_id, _ in keys]
    bodies = raws.newest(db, record_ids)
    reasons = _reasons_of(db, record_ids)
    loaded: dict[int, Record] = {}
    for record_id, external_id in keys:
        its_bodies = bodies.get(record_id, {})
        its_reasons = reasons.get(record_id, {})
        loaded[record_id] = make_record(external_id, entry_id, account, its_bodies, its_reasons)
    return loaded


def _reasons_of(db: Db, record_ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """Record → part → why it will not come."""
    reasons: dict[int, dict[str, str]] = {}
    for row in each_row(db, _REASONS, record_ids):
        reasons.setdefault(row.record_id, {})[row.part] = row.reason
    return reasons


def make_record(
    external_id: str,
    entry_id: str,
    account: Account | None,
    bodies: Mapping[str, tuple[Body, str]],
    reasons: Mapping[str, str],
) -> Record:
    """The value that ``fitglue_normalize`` gets."""
    parts_now: dict[str, Body] = {}
    received: dict[str, datetime] = {}
    for part in sorted(bodies, key=_place_of):
        body, received_at = bodies[part]
        parts_now[part] = body
        received[part] = datetime.fromisoformat(received_at)
    return Record(external_id, entry_id, parts_now, account, received, dict(reasons))


def with_part(
    record: Record,
    part: str,
    body: Body,
    received: datetime,
) -> Record:
    """The record with one more part, or another state of it; the order of parts does not tell in
    which order they came.

    What comes later is written down as received later, also by a clock that stood still or was set
    back: the later part wins.
    """
    moments = {name: moment for name, moment in record.received.items() if name != part}
    milliseconds = received.microsecond // 1000
    received = received.replace(microsecond=milliseconds * 1000)
    if moments:
        received = max(received, max(moments.values()) + _TICK)

    parts_now = {**record.parts, part: body}
    unavailable = {name: why for name, why in record.unavailable.items() if name != part}
    return replace(
        record,
        parts={name: parts_now[name] for name in sorted(parts_now, key=_place_of)},
        received={**record.received, part: received},
        unavailable=unavailable,
    )


def received_text(record: Record, part: str) -> str:
    """When a part of a record came, as the store writes moments."""
    return clock_text(record.received[part])


def _place_of(part: str) -> tuple[int, str]:
    """Where a part is among the others: summary, detail, streams, file, then what is unknown."""
    if part in _ORDER:
        return _ORDER.index(part), part
    return len(_ORDER), part
