"""Reads the deliveries that came back: to which activity each belongs, and what it sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.store.pipeline_tables import deliveries, pipelines
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.tables import activities, aliases

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Connection as Db

_AT_HOME = activities.alias("at_home")
_FROM_HOME = aliases.alias("from_home")
_MOVED = activities.alias("moved")
_FROM_MOVED = aliases.alias("from_moved")
_DELIVERIES = Statement(
    sa.select(
        deliveries.c.id,
        deliveries.c.home_id,
        deliveries.c.destination,
        deliveries.c.entry,
        deliveries.c.connection_id,
        deliveries.c.sent,
        deliveries.c.sent_at,
        pipelines.c.name.label("pipeline"),
        # A delivery belongs to the activity for which it was made, and follows it through merges
        # and splits. Only if that one no longer exists, it belongs to where it was moved.
        sa.func.coalesce(
            _AT_HOME.c.id,
            _FROM_HOME.c.activity_id,
            _MOVED.c.id,
            _FROM_MOVED.c.activity_id,
        ).label("activity_id"),
    )
    .join(pipelines, pipelines.c.id == deliveries.c.pipeline_id)
    .outerjoin(_AT_HOME, _AT_HOME.c.id == deliveries.c.home_id)
    .outerjoin(_FROM_HOME, _FROM_HOME.c.id == deliveries.c.home_id)
    .outerjoin(_MOVED, _MOVED.c.id == deliveries.c.activity_id)
    .outerjoin(_FROM_MOVED, _FROM_MOVED.c.id == deliveries.c.activity_id)
    .where(deliveries.c.id.in_(IDS))
)
_OF_ACTIVITIES = Statement(
    sa.select(deliveries.c.id).where(
        deliveries.c.athlete_id == sa.bindparam("athlete"),
        sa.or_(deliveries.c.home_id.in_(IDS), deliveries.c.activity_id.in_(IDS)),
    )
)


@dataclass(frozen=True, slots=True)
class SentDelivery:
    """A delivery, as far as it matters for what came back."""

    id: int
    activity_id: str | None  # the activity that it belongs to now; None: there is none any more
    home_id: str  # the activity for which it was made
    pipeline: str | None  # None: the pipeline was deleted
    destination: str  # the name of the step
    entry: str  # the id of the destination's entry
    connection_id: str | None
    sent: Mapping[str, str]  # field → hash of what is there
    sent_at: str | None  # None: nobody knows yet that it arrived


def sent_deliveries(db: Db, ids: Iterable[int]) -> dict[int, SentDelivery]:
    """Return the deliveries with these ids, by id."""
    return {row.id: _delivery(row) for row in _DELIVERIES.each_row(db, sorted(set(ids)))}


def delivery_ids_of(db: Db, athlete_id: str, activity_ids: Iterable[str]) -> set[int]:
    """Return the ids of the deliveries that were made for these activities, or moved to them."""
    wanted = sorted(set(activity_ids))
    return set(_OF_ACTIVITIES.each_scalar(db, wanted, athlete=athlete_id))


def _delivery(row: Any) -> SentDelivery:
    return SentDelivery(
        id=row.id,
        activity_id=row.activity_id,
        home_id=row.home_id,
        pipeline=row.pipeline,
        destination=row.destination,
        entry=row.entry,
        connection_id=row.connection_id,
        sent=msgspec.json.decode(row.sent),
        sent_at=row.sent_at,
    )
