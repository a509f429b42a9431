"""Counts of activities, records, parts and stubs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.store.lists import end_of
from fitglue_registry.store.tables import (
    THERE,
    activities,
    connections,
    parts,
    quarantine,
    records,
    source_activities,
)

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.engine import Connection as Db


def list_stubs(db: Db, athlete_id: str) -> list[dict[str, Any]]:
    """What the sources of an athlete list and never deliver, unless another record stands in for
    it, counted by reason.
    """
    answered = (
        sa.select(source_activities.c.record_id)
        .join(activities, activities.c.id == source_activities.c.activity_id)
        .where(activities.c.gone_at.is_(None))
    )
    query = (
        sa.select(connections.c.name, records.c.reason, sa.func.count().label("stubs"))
        .join(connections, connections.c.id == records.c.connection_id)
        .where(
            connections.c.athlete_id == athlete_id,
            records.c.state == "stub",
            records.c.id.not_in(answered),
        )
    )
    unsaid = {"code": "FG-stub", "reason": "the source gives no reason", "fix": None}
    return [
        {
            "connection": row.name,
            **unsaid,
            **msgspec.json.decode(row.reason or "{}"),
            "count": row.stubs,
        }
        for row in db.execute(
            query.group_by(connections.c.name, records.c.reason).order_by(connections.c.name)
        )
    ]


def totals(db: Db, athlete_id: str, since: date, until: date) -> dict[str, float]:
    """Count, seconds, metres and load of the activities that started in these local days, both
    included.
    """
    moving = sa.func.coalesce(activities.c.moving_s, activities.c.elapsed_s)
    summed = (moving, activities.c.distance_m, activities.c.training_load)
    query = sa.select(
        sa.func.count(), *(sa.func.coalesce(sa.func.sum(column), 0) for column in summed)
    ).where(
        activities.c.athlete_id == athlete_id,
        activities.c.gone_at.is_(None),
        activities.c.start_local >= since.isoformat(),
        activities.c.start_local < end_of(until),
    )
    return dict(
        zip(
            ("count", "moving_s", "distance_m", "training_load"),
            db.execute(query).one(),
            strict=True,
        )
    )


def connection_counts(db: Db, connection_id: str) -> dict[str, int]:
    """How many records of each state, how many in quarantine, how many parts are wanted, and how
    many were given up for now.
    """
    states = {
        row[0]: row[1]
        for row in db.execute(
            sa.select(records.c.state, sa.func.count())
            .where(records.c.connection_id == connection_id)
            .group_by(records.c.state)
        )
    }
    mine = sa.select(records.c.id).where(records.c.connection_id == connection_id)
    states["quarantine"] = (
        db.scalar(sa.select(sa.func.count()).where(quarantine.c.record_id.in_(mine))) or 0
    )
    waiting = (
        sa.select(parts.c.state, sa.func.count())
        .join(records, records.c.id == parts.c.record_id)
        .where(
            records.c.connection_id == connection_id,
            records.c.state.in_(THERE),
            parts.c.state.in_(("wanted", "failed")),
        )
    )
    return {
        **states,
        "wanted": 0,
        "failed": 0,
        **{row[0]: row[1] for row in db.execute(waiting.group_by(parts.c.state))},
    }
