"""What happened to a record, from its parts to its source activities."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.store.references import DAY, MOST_FOUND, at_source
from fitglue_registry.store.tables import (
    claims,
    connections,
    parts,
    quarantine,
    raw,
    records,
    source_activities,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection as Db


def find_records(db: Db, athlete_id: str, reference: str) -> list[int]:
    """The records of an external id or a claim, whether an activity came of them or not."""
    mine = sa.select(records.c.id).join(connections, connections.c.id == records.c.connection_id)
    mine = mine.where(connections.c.athlete_id == athlete_id)
    for meant in at_source(reference):
        found = list(db.scalars(mine.where(meant).limit(MOST_FOUND)))
        if found:
            return found
    claimed = sa.select(source_activities.c.record_id).join(
        claims, claims.c.source_activity_id == source_activities.c.id
    )
    return list(
        db.scalars(mine.where(records.c.id.in_(claimed.where(claims.c.claim == reference))))
    )


def records_on(db: Db, athlete_id: str, day: str) -> list[int]:
    """The records that started on a local day."""
    if not re.fullmatch(DAY, day):
        return []
    mine = sa.select(records.c.id).join(connections, connections.c.id == records.c.connection_id)
    return list(
        db.scalars(
            mine.where(
                connections.c.athlete_id == athlete_id, records.c.start_local.like(f"{day}%")
            )
        )
    )


def record_story(db: Db, record_id: int) -> dict[str, Any]:
    """A record with its parts, its quarantine, its source activities and their claims, as plain
    values.
    """
    row = db.execute(
        sa.select(records, connections.c.name, connections.c.source)
        .join(connections, connections.c.id == records.c.connection_id)
        .where(records.c.id == record_id)
    ).one()
    held = db.execute(sa.select(quarantine).where(quarantine.c.record_id == record_id)).first()
    sources = [
        {
            "id": one.id,
            "leg_no": one.leg_no,
            "activity_id": one.activity_id,
            "stub": bool(one.stub),
            "plugin": one.plugin,
            "plugin_version": one.plugin_version,
            "normalized_at": one.normalized_at,
            "start_utc": one.start_utc,
            "elapsed_s": one.elapsed_s,
            "claims": list(
                db.scalars(
                    sa.select(claims.c.claim)
                    .where(claims.c.source_activity_id == one.id)
                    .order_by(claims.c.claim)
                )
            ),
        }
        for one in db.execute(
            sa.select(source_activities)
            .where(source_activities.c.record_id == record_id)
            .order_by(source_activities.c.leg_no)
        )
    ]
    return {
        "connection": row.name,
        "source": row.source,
        "external_id": row.external_id,
        "state": row.state,
        "start_local": row.start_local,
        "at_source": row.at_source,
        "first_seen_at": row.first_seen_at,
        "changed_at": row.changed_at,
        "gone_at": row.gone_at,
        "reason": msgspec.json.decode(row.reason) if row.reason else None,
        "parts": list(_part_stories(db, record_id)),
        "quarantine": {**msgspec.json.decode(held.error), "since": held.since, "tries": held.tries}
        if held
        else None,
        "source_activities": sources,
    }


def _part_stories(db: Db, record_id: int) -> Iterator[dict[str, Any]]:
    query = sa.select(parts, raw.c.size, raw.c.received_at, raw.c.sha256).outerjoin(
        raw, raw.c.id == parts.c.raw_id
    )
    for row in db.execute(query.where(parts.c.record_id == record_id).order_by(parts.c.part)):
        yield {
            "part": row.part,
            "state": row.state,
            "bytes": row.size,
            "received_at": row.received_at,
            "sha256": row.sha256,
            "tries": row.tries,
            "code": row.code,
            "reason": row.reason,
        }
