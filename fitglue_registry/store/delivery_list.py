"""Reads deliveries for people: with the name of their pipeline, and the workout that was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.store.pipelines import names_of_pipelines
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.tables import activities, connections

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.deliveries import DeliveryRow

_WORKOUTS = Statement(
    sa.select(
        activities.c.id,
        activities.c.number,
        activities.c.day,
        activities.c.title,
    ).where(activities.c.id.in_(IDS))
)
_CONNECTIONS = Statement(
    sa.select(connections.c.id, connections.c.name).where(connections.c.id.in_(IDS))
)


@dataclass(frozen=True, slots=True)
class Workout:
    """The activity of a delivery, as a list shows it."""

    number: int
    day: str | None
    title: str | None


@dataclass(frozen=True, slots=True)
class Named:
    """What the ids in deliveries stand for; what no longer exists is missing.

    Attributes:
        workouts: Id of an activity → the activity.
        pipelines: Id of a pipeline → its name; one that was deleted has the name that it had last.
        connections: Id of a connection → its name.
    """

    workouts: dict[str, Workout]
    pipelines: dict[str, str]
    connections: dict[str, str]


def name_deliveries(db: Db, rows: Collection[DeliveryRow]) -> Named:
    """Return what the ids in deliveries stand for."""
    workouts = {}
    for row in _WORKOUTS.each_row(db, _ids(row.activity_id for row in rows)):
        workouts[row.id] = Workout(row.number, row.day, row.title)
    names = names_of_pipelines(db, _ids(row.pipeline_id for row in rows))
    connected = {}
    ids = _ids(row.connection_id for row in rows if row.connection_id)
    for row in _CONNECTIONS.each_row(db, ids):
        connected[row.id] = row.name
    return Named(workouts, names, connected)


def _ids(ids: Iterable[str]) -> list[str]:
    return sorted(set(ids))
