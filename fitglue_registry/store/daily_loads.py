"""Sums the training loads of an athlete by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.store.computations import results_for
from fitglue_registry.store.statements import Statement
from fitglue_registry.store.tables import activities

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection as Db

_BY_DAY = Statement(
    sa.select(
        activities.c.day,
        sa.func.sum(activities.c.training_load).label("load"),
        sa.func.count().label("activities"),
        sa.func.count(activities.c.training_load).label("with_load"),
    )
    .where(
        activities.c.athlete_id == sa.bindparam("athlete"),
        activities.c.gone_at.is_(None),
        activities.c.day.is_not(None),
    )
    .group_by(activities.c.day)
    .order_by(activities.c.day)
)


_WITHOUT = Statement(
    sa.select(
        activities.c.id,
        activities.c.number,
        activities.c.day,
        activities.c.title,
    )
    .where(
        activities.c.athlete_id == sa.bindparam("athlete"),
        activities.c.gone_at.is_(None),
        activities.c.training_load.is_(None),
        activities.c.day.between(sa.bindparam("since"), sa.bindparam("until")),
    )
    .order_by(activities.c.day.desc(), activities.c.number.desc())
)


@dataclass(frozen=True, slots=True)
class DailyLoad:
    """The workouts of one local day.

    Attributes:
        day: The day.
        load: The sum of their training loads; 0 if none of them has one.
        activities: How many workouts there are.
        without_load: How many of them have no training load.
    """

    day: date
    load: float
    activities: int
    without_load: int


def daily_loads(db: Db, athlete_id: str) -> list[DailyLoad]:
    """Return the days of an athlete that have workouts, oldest first."""
    days = []
    for row in _BY_DAY.rows(db, athlete=athlete_id):
        daily = DailyLoad(
            date.fromisoformat(row.day),
            row.load or 0.0,
            row.activities,
            row.activities - row.with_load,
        )
        days.append(daily)
    return days


def without_load(
    db: Db,
    athlete_id: str,
    since: date,
    until: date,
) -> list[dict[str, Any]]:
    """Return the activities of these days without a training load, newest first.

    Returns:
        Rows with ``number``, ``day``, ``title``, and ``notes``, which boosters made about them.
    """
    days = {"since": since.isoformat(), "until": until.isoformat()}
    found = _WITHOUT.rows(db, athlete=athlete_id, **days)
    results = results_for(db, [row.id for row in found])
    rows = []
    for row in found:
        notes: list[str] = []
        for computation in results.get(row.id, ()):
            notes += computation.notes
        rows.append({"number": row.number, "day": row.day, "title": row.title, "notes": notes})
    return rows
