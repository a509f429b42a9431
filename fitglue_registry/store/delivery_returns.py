"""Gives deliveries back to workouts that were removed with their connection and are there again.

The new activity has another id, so a delivery remembers the claims of the records that it was made
from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.store.deliveries import ORIGINS, delivery_from, delivery_of, write_log
from fitglue_registry.store.pipeline_tables import deliveries
from fitglue_registry.store.stored_claims import claims_of_activities
from fitglue_registry.store.tables import activities, aliases

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.deliveries import DeliveryRow


def return_to_new(
    db: Db,
    pipeline_id: str,
    activity_ids: Iterable[str],
    now: str,
) -> None:
    """Give the deliveries of a pipeline whose activity is no longer there to new activities.

    Args:
        db: A transaction that may write.
        pipeline_id: The pipeline.
        activity_ids: The new activities.
        now: The moment that is stored.
    """
    abandoned = _abandoned(db, pipeline_id)
    if not abandoned:
        return
    claimed = claims_of_activities(db, activity_ids)
    for activity_id, names in claimed.items():
        for row in abandoned:
            is_the_same = not names.isdisjoint(row.intent.get(ORIGINS, ()))
            if is_the_same and delivery_of(db, pipeline_id, row.destination, activity_id) is None:
                _give(db, row, activity_id, now)


def _abandoned(db: Db, pipeline_id: str) -> list[DeliveryRow]:
    """Return the deliveries of a pipeline whose activity was removed."""
    this: Any = deliveries.c.activity_id
    query = sa.select(deliveries).where(
        deliveries.c.pipeline_id == pipeline_id,
        deliveries.c.follows_id.is_(None),
        ~sa.exists().where(activities.c.id == this),
        ~sa.exists().where(aliases.c.id == this),
    )
    return [delivery_from(row) for row in db.execute(query)]


def _give(
    db: Db,
    row: DeliveryRow,
    activity_id: str,
    now: str,
) -> None:
    values = {"activity_id": activity_id, "home_id": activity_id}
    db.execute(sa.update(deliveries).where(deliveries.c.id == row.id).values(values))
    write_log(db, row.id, row.state, "its workout was removed, and is there again", now)
