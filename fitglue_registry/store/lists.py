"""Lists activities, filtered and newest first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.store.statements import chunks
from fitglue_registry.store.tables import (
    FIGURES,
    activities,
    connections,
    records,
    source_activities,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from sqlalchemy.engine import Connection as Db


LISTED = ("number", "id", *FIGURES)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which activities; days are local and both included."""

    since: date | None = None
    until: date | None = None
    sport: str | None = None
    source: str | None = None  # a connection's name, or a source's id
    text: str | None = None
    min_distance_m: float | None = None
    limit: int | None = None


def list_activities(db: Db, athlete_id: str, wanted: Filter) -> Iterator[dict[str, Any]]:
    """The activities of an athlete as flat rows, newest first, each with the names of its
    connections.
    """
    live = (activities.c.athlete_id == athlete_id, activities.c.gone_at.is_(None))
    query = sa.select(*(activities.c[name] for name in LISTED)).where(*live, *_conditions(wanted))
    query = query.order_by(activities.c.start_local.desc(), activities.c.number)
    if wanted.limit is not None:
        query = query.limit(wanted.limit)
    rows = [dict(row._mapping) for row in db.execute(query)]
    names = connections_of(db, [row["id"] for row in rows])
    for row in rows:
        yield {**row, "sources": names.get(row["id"], [])}


def _conditions(wanted: Filter) -> Iterator[sa.ColumnElement[bool]]:
    if wanted.since:
        yield activities.c.start_local >= wanted.since.isoformat()
    if wanted.until:
        yield activities.c.start_local < end_of(wanted.until)
    if wanted.sport:
        yield sa.func.lower(activities.c.sport) == wanted.sport.lower()
    if wanted.text:
        pattern = "%" + re.sub(r"([%_\\])", r"\\\1", wanted.text.lower()) + "%"
        yield sa.func.lower(activities.c.title).like(pattern, escape="\\")
    if wanted.min_distance_m is not None:
        yield activities.c.distance_m >= wanted.min_distance_m
    if wanted.source:
        theirs = (
            sa.select(source_activities.c.activity_id)
            .join(records, records.c.id == source_activities.c.record_id)
            .join(connections, connections.c.id == records.c.connection_id)
        )
        yield activities.c.id.in_(
            theirs.where(
                sa.or_(connections.c.name == wanted.source, connections.c.source == wanted.source)
            )
        )


def end_of(day: date) -> str:
    """A text after every time of that day, whatever follows the T; there may be no next day."""
    return day.isoformat() + "U"


def connections_of(db: Db, activity_ids: Sequence[str]) -> dict[str, list[str]]:
    """Activity → the names of the connections that know it."""
    found: dict[str, list[str]] = {}
    for some in chunks(activity_ids):
        query = (
            sa.select(source_activities.c.activity_id, connections.c.name)
            .distinct()
            .join(records, records.c.id == source_activities.c.record_id)
            .join(connections, connections.c.id == records.c.connection_id)
        )
        query = query.where(
            source_activities.c.activity_id.in_(some), records.c.state != "gone"
        ).order_by(connections.c.name)
        for activity_id, name in db.execute(query):
            found.setdefault(activity_id, []).append(name)
    return found
