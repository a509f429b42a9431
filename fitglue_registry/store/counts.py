"""Counts activities, records, parts and stubs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.model.sports import NO_WORKOUT
from fitglue_registry.model.stored import FETCHABLE, PartState, RecordState
from fitglue_registry.store.joins import RECORDS
from fitglue_registry.store.locations import unreadable_ids
from fitglue_registry.store.parts import external_ids_of_parts
from fitglue_registry.store.tables import (
    activities,
    connections,
    parts,
    quarantine,
    records,
    source_activities,
)
from fitglue_registry.store.windows import planned_windows

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from sqlalchemy.engine import Connection as Db

#: What is shown for a stub to which the source gave no reason.
_NO_REASON = {
    "code": "FG-stub",
    "reason": "the source gives no reason",
    "fix": None,
}


#: Whether an activity is a workout. An activity without a known sport is one.
_IS_WORKOUT = sa.func.coalesce(activities.c.sport, "").not_in(sorted(NO_WORKOUT))


def totals(
    db: Db,
    athlete_id: str,
    since: date,
    until: date,
) -> dict[str, float]:
    """Return totals of the activities that started on these days, both included.

    Returns:
        ``count``, ``moving_s`` in seconds, ``distance_m`` in meters, and ``training_load``.
        Activities that are gone are left out. A transition is not counted, because it is only a
        leg of a multisport event, but its time and its distance are part of that event.
    """
    # Many sources report only the elapsed time.
    moving_s = sa.func.coalesce(activities.c.moving_s, activities.c.elapsed_s)
    query = sa.select(
        _sum(sa.case((_IS_WORKOUT, 1), else_=0)).label("count"),
        _sum(moving_s).label("moving_s"),
        _sum(activities.c.distance_m).label("distance_m"),
        _sum(activities.c.training_load).label("training_load"),
    ).where(
        activities.c.athlete_id == athlete_id,
        activities.c.gone_at.is_(None),
        activities.c.day >= since.isoformat(),
        activities.c.day <= until.isoformat(),
    )
    return dict(db.execute(query).one()._mapping)


def count_activities(db: Db, athlete_id: str) -> int:
    """Return how many activities an athlete has, without transitions and those that are gone."""
    query = sa.select(sa.func.count()).where(
        activities.c.athlete_id == athlete_id,
        activities.c.gone_at.is_(None),
        _IS_WORKOUT,
    )
    return db.execute(query).scalar_one()


def _sum(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return the sum of a column, 0 instead of null if there are no rows."""
    return sa.func.coalesce(sa.func.sum(column), 0)


def connection_counts(
    db: Db,
    connection_id: str,
    refused: Collection[str] = (),
) -> dict[str, int]:
    """Return how many records and parts of a connection are in which state.

    Args:
        db: A transaction.
        connection_id: The connection.
        refused: The names of the parts that the athlete does not want, which are not counted.

    Returns:
        The number of records by their state (a state without records is left out), and under
        ``quarantine``, ``wanted`` and ``failed`` the number of records in quarantine, of parts
        still to be fetched, and of parts given up until the next full walk. ``unreadable`` has the
        number of files and folders that could not be read; nothing is fetched of them. ``windows``
        has the number of date ranges of a full walk that are still to be listed.
    """
    unreadable = unreadable_ids(db, connection_id)
    of_connection = records.c.connection_id == connection_id
    by_state = (
        sa.select(records.c.state, sa.func.count()).where(of_connection).group_by(records.c.state)
    )
    record_ids = sa.select(records.c.id).where(of_connection)
    quarantined = sa.select(sa.func.count()).where(quarantine.c.record_id.in_(record_ids))
    parts_by_state = (
        sa.select(parts.c.state, sa.func.count())
        .join(records, records.c.id == parts.c.record_id)
        .where(
            of_connection,
            records.c.state.in_(FETCHABLE),
            parts.c.state.in_((PartState.WANTED, PartState.FAILED)),
            parts.c.part.not_in(sorted(refused)),
        )
        .group_by(parts.c.state)
    )
    counts = {
        **_counted(db, by_state),
        "quarantine": db.scalar(quarantined) or 0,
        "unreadable": len(set(unreadable.values())),
        "windows": len(planned_windows(db, connection_id)),
        PartState.WANTED: 0,
        PartState.FAILED: 0,
        **_counted(db, parts_by_state),
    }
    if unreadable:
        wanted = external_ids_of_parts(db, connection_id, PartState.WANTED)
        counts[PartState.WANTED] -= len(wanted & unreadable.keys())
    return counts


def _counted(db: Db, query: sa.Select[Any]) -> dict[str, int]:
    """Return the count of each state."""
    return {row[0]: row[1] for row in db.execute(query)}


def list_stubs(db: Db, athlete_id: str) -> list[dict[str, Any]]:
    """Count the stubs of an athlete by connection and reason.

    A stub that belongs to an activity is left out: another record delivers the workout.

    Returns:
        Mappings with ``connection``, ``code``, ``reason``, ``fix`` and ``count``.
    """
    delivered = (
        sa.select(source_activities.c.record_id)
        .join(activities, activities.c.id == source_activities.c.activity_id)
        .where(activities.c.gone_at.is_(None))
    )
    query = (
        sa.select(
            connections.c.name,
            records.c.reason,
            sa.func.count().label("stubs"),
        )
        .select_from(RECORDS)
        .where(
            connections.c.athlete_id == athlete_id,
            records.c.state == RecordState.STUB,
            records.c.id.not_in(delivered),
        )
        .group_by(connections.c.name, records.c.reason)
        .order_by(connections.c.name)
    )
    stubs = []
    for row in db.execute(query):
        reason = msgspec.json.decode(row.reason or "{}")
        stubs.append(
            {
                "connection": row.name,
                **_NO_REASON,
                **reason,
                "count": row.stubs,
            }
        )
    return stubs
