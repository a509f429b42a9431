"""Moves deliveries with the activities that are merged or split.

Of several deliveries of one activity to one destination, one is the first, and the others follow
it. Only the first is sent, updated or removed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.model.stored import DeliveryState
from fitglue_registry.store.deliveries import (
    DeliveryRow,
    delivery_by_id,
    delivery_from,
    delivery_of,
    write_log,
)
from fitglue_registry.store.pipeline_tables import deliveries

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection as Db


def follow_merge(
    db: Db,
    pipeline_id: str,
    merged_id: str,
    survivor_id: str,
    now: str,
) -> list[DeliveryRow]:
    """Move the deliveries of an activity that was merged away to the survivor.

    Args:
        db: A transaction that may write.
        pipeline_id: The pipeline that sent them.
        merged_id: The activity that was merged away.
        survivor_id: The activity into which it was merged.
        now: The moment that is stored.

    Returns:
        The deliveries that have arrived at a destination where the survivor's has arrived as well:
        there are two copies of one workout.
    """
    twice = []
    for moved in _of_activity(db, pipeline_id, merged_id):
        kept = delivery_of(db, pipeline_id, moved.destination, survivor_id)
        if kept is None:
            _set(db, moved.id, activity_id=survivor_id)
        elif moved.follows_id is not None:
            _set(db, moved.id, activity_id=survivor_id, follows_id=kept.id)
        elif _comes_first(moved, kept):
            _put_behind(db, kept, moved, now)
            _set(db, moved.id, activity_id=survivor_id)
        else:
            _put_behind(db, moved, kept, now)
            if moved.is_there and kept.is_there:
                twice.append(moved)
    return twice


def _of_activity(
    db: Db,
    pipeline_id: str,
    activity_id: str,
) -> list[DeliveryRow]:
    """Return the deliveries of an activity; those that follow another one come last."""
    query = sa.select(deliveries).where(
        deliveries.c.pipeline_id == pipeline_id,
        deliveries.c.activity_id == activity_id,
    )
    rows = [delivery_from(row) for row in db.execute(query.order_by(deliveries.c.id))]
    return sorted(rows, key=lambda row: row.follows_id is not None)


def _comes_first(moved: DeliveryRow, kept: DeliveryRow) -> bool:
    """Return whether it is more certain of the first one that it has arrived."""
    return (moved.is_there, moved.may_be_there) > (kept.is_there, kept.may_be_there)


def _put_behind(
    db: Db,
    behind: DeliveryRow,
    first: DeliveryRow,
    now: str,
) -> None:
    """Let a delivery follow another one of the same workout, or delete it if it was never sent."""
    of_behind = deliveries.c.follows_id == behind.id
    db.execute(sa.update(deliveries).where(of_behind).values(follows_id=first.id))
    if behind.state == DeliveryState.PLANNED and not behind.is_there:
        db.execute(sa.delete(deliveries).where(deliveries.c.id == behind.id))
        return
    _set(db, behind.id, activity_id=first.activity_id, follows_id=first.id)
    what = f"its workout was merged into another one, which was sent as {first.external_id}"
    write_log(db, behind.id, behind.state, what, now)


def return_after_split(
    db: Db,
    pipeline_id: str,
    activity_id: str,
) -> list[str]:
    """Give an activity that is one again the deliveries that were made for it.

    Args:
        db: A transaction that may write.
        pipeline_id: The pipeline that sent them.
        activity_id: The activity.

    Returns:
        The activities that have lost a delivery, and may have to be sent themselves now.
    """
    query = sa.select(deliveries).where(
        deliveries.c.pipeline_id == pipeline_id,
        deliveries.c.home_id == activity_id,
        deliveries.c.activity_id != activity_id,
    )
    left = []
    for row in db.execute(query).all():
        known = delivery_from(row)
        if delivery_of(db, pipeline_id, known.destination, activity_id) is not None:
            continue
        left.append(known.activity_id)
        _set(db, known.id, activity_id=activity_id, follows_id=None)
        _choose_first(db, known)
    return left


def _choose_first(db: Db, gone: DeliveryRow) -> None:
    """Let another delivery of an activity take the place of the first, which has left it."""
    query = sa.select(deliveries).where(deliveries.c.follows_id == gone.id)
    rows = [delivery_from(row) for row in db.execute(query.order_by(deliveries.c.id))]
    if not rows:
        return
    first = max(rows, key=lambda row: (row.is_there, row.may_be_there))
    _set(db, first.id, follows_id=None)
    for row in rows:
        if row.id != first.id:
            _set(db, row.id, follows_id=first.id)


def come_forward(
    db: Db,
    arrived: DeliveryRow,
    now: str,
) -> DeliveryRow | None:
    """Let a delivery that follows another one, and has arrived, take its place if that has not.

    Args:
        db: The transaction that stores that it has arrived.
        arrived: The delivery.
        now: The moment that is stored.

    Returns:
        The first delivery, if it is there as well: there are two copies of one workout.
    """
    first = None if arrived.follows_id is None else delivery_by_id(db, arrived.follows_id)
    if first is None or first.is_there:
        return first
    _put_behind(db, first, arrived, now)
    _set(db, arrived.id, follows_id=None)
    return None


def _set(db: Db, delivery_id: int, **values: Any) -> None:
    db.execute(sa.update(deliveries).where(deliveries.c.id == delivery_id).values(values))
