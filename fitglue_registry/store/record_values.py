"""Builds from the stored parts the record that ``fitglue_normalize`` receives."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.model.moments import clock_text
from fitglue_registry.model.stored import PartName, PartState
from fitglue_registry.plugin_api import Account, Body, Record
from fitglue_registry.store.parts import SECOND_LOOK
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.tables import parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.raw_parts import RawStore

_ORDER: tuple[str, ...] = tuple(PartName)
_TICK = timedelta(milliseconds=1)  # moments are stored to the millisecond

# The reasons why parts do not exist. A part that failed, or that is only late, says nothing about
# the workout, so normalize does not see its reason.
_REASONS = Statement(
    sa.select(
        parts.c.record_id,
        parts.c.part,
        parts.c.reason,
    ).where(
        parts.c.record_id.in_(IDS),
        sa.or_(parts.c.state == PartState.NONE, parts.c.tries == SECOND_LOOK),
        parts.c.reason.is_not(None),
    )
)


def load_records(
    db: Db,
    raws: RawStore,
    entry_id: str,
    account: Account | None,
    keys: Sequence[tuple[int, str]],
) -> dict[int, Record]:
    """Return records with the newest revision of all their parts, ready to be normalized.

    Args:
        db: A transaction.
        raws: The raw parts of the store.
        entry_id: The id of the source's entry.
        account: The account of the connection.
        keys: The id and the external id of each record.

    Returns:
        The records by their ids.
    """
    record_ids = [record_id for record_id, _ in keys]
    bodies = raws.newest(db, record_ids)
    reasons = _reasons_of(db, record_ids)
    loaded: dict[int, Record] = {}
    for record_id, external_id in keys:
        loaded[record_id] = make_record(
            external_id,
            entry_id,
            account,
            bodies.get(record_id, {}),
            reasons.get(record_id, {}),
        )
    return loaded


def _reasons_of(db: Db, record_ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """Return record id → part → the reason why the part does not exist."""
    reasons: dict[int, dict[str, str]] = {}
    for row in _REASONS.each_row(db, record_ids):
        reasons.setdefault(row.record_id, {})[row.part] = row.reason
    return reasons


def make_record(
    external_id: str,
    entry_id: str,
    account: Account | None,
    bodies: Mapping[str, tuple[Body, str]],
    reasons: Mapping[str, str],
) -> Record:
    """Return the value that ``fitglue_normalize`` receives.

    Args:
        external_id: The id of the record at its source.
        entry_id: The id of the source's entry.
        account: The account of the connection.
        bodies: Part → its bytes, and the moment when they were received.
        reasons: Part → the reason why it does not exist.
    """
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
    """Return the record with one more part, or with a newer revision of a part.

    The order of the parts in the record stays fixed, so two stores agree regardless of which
    part came first.
    """
    # The part that was received later wins where two contradict each other. A clock that was set
    # back must not decide that, so the new part counts as at least a millisecond later.
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
    """Return the moment when a part was received, as the store writes moments."""
    return clock_text(record.received[part])


def _place_of(part: str) -> tuple[int, str]:
    """Return a sort key: summary, detail, streams, file, then unknown parts by name."""
    if part in _ORDER:
        return _ORDER.index(part), part
    return len(_ORDER), part
