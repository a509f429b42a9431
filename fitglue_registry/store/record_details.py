"""Describes everything that the store has of a record, from its parts to its source activities."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.store.joins import RECORDS
from fitglue_registry.store.record_starts import START_COLUMNS, shown_start
from fitglue_registry.store.references import (
    DAY,
    MAX_MATCHES,
    conditions_at_source,
    conditions_on_claims,
    id_in_link,
)
from fitglue_registry.store.tables import (
    activities,
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


def find_records(
    db: Db,
    athlete_id: str,
    reference: str,
) -> list[int]:
    """Return the ids of the records with an external id or a claim, with or without an activity.

    Args:
        db: A transaction.
        athlete_id: The athlete.
        reference: What a person typed; see ``references.conditions_at_source``.
    """
    reference = id_in_link(reference)
    of_athlete = _records_of(athlete_id)
    for condition in conditions_at_source(reference):
        record_ids = list(db.scalars(of_athlete.where(condition).limit(MAX_MATCHES)))
        if record_ids:
            return record_ids
    for condition in conditions_on_claims(reference):
        claiming = (
            sa.select(source_activities.c.record_id)
            .join(claims, claims.c.source_activity_id == source_activities.c.id)
            .where(condition)
        )
        query = of_athlete.where(records.c.id.in_(claiming)).limit(MAX_MATCHES)
        record_ids = list(db.scalars(query))
        if record_ids:
            return record_ids
    return []


def records_on(
    db: Db,
    athlete_id: str,
    day: str,
) -> list[int]:
    """Return the ids of the records that started on a local day, or none if ``day`` is no date."""
    if not re.fullmatch(DAY, day):
        return []
    # The day of a record whose zone is unknown is that of its activity, which may know more.
    activity_days = sa.select(source_activities.c.record_id).join(
        activities, activities.c.id == source_activities.c.activity_id
    )
    that_day = sa.or_(
        records.c.id.in_(activity_days.where(activities.c.day == day)),
        records.c.id.not_in(activity_days) & records.c.start_local.like(f"{day}%"),
    )
    return list(db.scalars(_records_of(athlete_id).where(that_day)))


def _records_of(athlete_id: str) -> sa.Select[Any]:
    return (
        sa.select(records.c.id).select_from(RECORDS).where(connections.c.athlete_id == athlete_id)
    )


def record_details(db: Db, record_id: int) -> dict[str, Any]:
    """Return a record with its parts, quarantine, source activities and claims, as plain values."""
    query = (
        sa.select(
            records,
            *START_COLUMNS,
            connections.c.name,
            connections.c.source,
        )
        .select_from(RECORDS)
        .where(records.c.id == record_id)
    )
    row = db.execute(query).one()
    return {
        "connection": row.name,
        "source": row.source,
        "external_id": row.external_id,
        "state": row.state,
        **shown_start(row),
        "at_source": row.at_source,
        "first_seen_at": row.first_seen_at,
        "changed_at": row.changed_at,
        "gone_at": row.gone_at,
        "reason": msgspec.json.decode(row.reason) if row.reason else None,
        "parts": list(_part_details(db, record_id)),
        "quarantine": _quarantine_details(db, record_id),
        "source_activities": list(_source_activity_details(db, record_id)),
    }


def _part_details(db: Db, record_id: int) -> Iterator[dict[str, Any]]:
    query = (
        sa.select(
            parts,
            raw.c.size,
            raw.c.received_at,
            raw.c.sha256,
        )
        .outerjoin(raw, raw.c.id == parts.c.raw_id)
        .where(parts.c.record_id == record_id)
        .order_by(parts.c.part)
    )
    for row in db.execute(query):
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


def _quarantine_details(db: Db, record_id: int) -> dict[str, Any] | None:
    row = db.execute(sa.select(quarantine).where(quarantine.c.record_id == record_id)).first()
    if row is None:
        return None
    return {
        **msgspec.json.decode(row.error),
        "since": row.since,
        "tries": row.tries,
    }


def _source_activity_details(db: Db, record_id: int) -> Iterator[dict[str, Any]]:
    query = (
        sa.select(source_activities)
        .where(source_activities.c.record_id == record_id)
        .order_by(source_activities.c.leg_no)
    )
    for row in db.execute(query):
        yield {
            "id": row.id,
            "leg_no": row.leg_no,
            "activity_id": row.activity_id,
            "stub": bool(row.stub),
            "plugin": row.plugin,
            "plugin_version": row.plugin_version,
            "normalized_at": row.normalized_at,
            "start_utc": row.start_utc,
            "start_local": row.start_local,
            "elapsed_s": row.elapsed_s,
            "claims": _claims_of(db, row.id),
        }


def _claims_of(db: Db, source_activity_id: int) -> list[str]:
    query = (
        sa.select(claims.c.claim)
        .where(claims.c.source_activity_id == source_activity_id)
        .order_by(claims.c.claim)
    )
    return list(db.scalars(query))
