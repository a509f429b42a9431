"""Finds source activities by their record, their activity, their claims or their time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.store.statements import IDS, Statement, chunks
from fitglue_registry.store.tables import (
    claims,
    records,
    source_activities,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.engine import Connection as Db

_FELLOWS = sa.select(source_activities.c.id).where(
    source_activities.c.activity_id.in_(
        sa.select(source_activities.c.activity_id).where(source_activities.c.id.in_(IDS))
    )
)

_NEIGHBOURS = Statement(
    sa.select(
        *(
            source_activities.c[name]
            for name in ("start_utc", "start_local", "elapsed_s", "moving_s")
        )
    ).where(
        source_activities.c.athlete_id == sa.bindparam("athlete"),
        source_activities.c.start_local >= sa.bindparam("oldest"),
        source_activities.c.start_local <= sa.bindparam("newest"),
        source_activities.c.id != sa.bindparam("number"),
    )
)


def ids_of_records(db: Db, record_ids: Iterable[int]) -> list[int]:
    """The source activities of these records."""
    return [
        number
        for some in chunks(record_ids)
        for number in db.scalars(
            sa.select(source_activities.c.id).where(source_activities.c.record_id.in_(some))
        )
    ]


def ids_near(db: Db, athlete_id: str, spans: Iterable[tuple[datetime, datetime]]) -> set[int]:
    """The live source activities of an athlete that start inside one of these spans of local
    time.
    """
    found: set[int] = set()
    for oldest, newest in spans:
        query = (
            sa.select(source_activities.c.id)
            .join(records, records.c.id == source_activities.c.record_id)
            .where(
                source_activities.c.athlete_id == athlete_id,
                source_activities.c.start_local >= oldest.isoformat(),
                source_activities.c.start_local <= newest.isoformat(),
                records.c.state != "gone",
            )
        )
        found.update(db.scalars(query))
    return found


def neighbours(
    db: Db, athlete_id: str, number: int, oldest: datetime, newest: datetime
) -> list[Any]:
    """When and how long the other source activities of an athlete are that start in this span of
    local time.
    """
    return _NEIGHBOURS.rows(
        db, athlete=athlete_id, number=number, oldest=oldest.isoformat(), newest=newest.isoformat()
    )


def ids_claiming(db: Db, athlete_id: str, said: Iterable[str]) -> set[int]:
    """The source activities of an athlete that assert one of these claims."""
    found: set[int] = set()
    for some in chunks(sorted(set(said))):
        query = sa.select(claims.c.source_activity_id).where(
            claims.c.athlete_id == athlete_id, claims.c.claim.in_(some)
        )
        found.update(db.scalars(query))
    return found


def members_of(db: Db, activity_ids: Iterable[str]) -> set[int]:
    """The source activities of these activities."""
    return {
        number
        for some in chunks(sorted(set(activity_ids)))
        for number in db.scalars(
            sa.select(source_activities.c.id).where(source_activities.c.activity_id.in_(some))
        )
    }


def shared_of(db: Db, connection_id: str) -> list[int]:
    """The source activities of a connection whose activity has other members too."""
    other = source_activities.alias("other")
    query = sa.select(source_activities.c.id).join(
        records, records.c.id == source_activities.c.record_id
    )
    return list(
        db.scalars(
            query.where(
                records.c.connection_id == connection_id,
                sa.exists().where(
                    other.c.activity_id == source_activities.c.activity_id,
                    other.c.id != source_activities.c.id,
                ),
            ).order_by(source_activities.c.id)
        )
    )


def with_fellow_members(db: Db, ids: Iterable[int]) -> set[int]:
    """These source activities that belong to an activity, and all others that belong to it too."""
    found: set[int] = set()
    for some in chunks(ids):
        found.update(db.scalars(_FELLOWS, {"ids": some}))
    return found
