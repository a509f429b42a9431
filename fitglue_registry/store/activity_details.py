"""One activity with the source activities that it was made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry import model
from fitglue_registry.store.references import SHORTEST_PREFIX
from fitglue_registry.store.statements import chunks
from fitglue_registry.store.tables import (
    activities,
    connections,
    records,
    source_activities,
    streams,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy.engine import Connection as Db


@dataclass(frozen=True, slots=True)
class ActivityDetails:
    """One activity with what it was made of."""

    id: str
    number: int
    activity: model.SourceActivity
    origins: Mapping[str, int]
    gone_at: str | None
    members: tuple[MemberRow, ...]


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One source activity of it."""

    id: int
    record_id: int
    connection: str
    entry: str
    external_id: str
    leg_no: int
    gone: bool
    activity: model.SourceActivity
    stream_types: tuple[str, ...]

    def is_meant_by(self, text: str) -> bool:
        """Whether somebody who types this means it: its connection, its source, its id, or the
        beginning of that as screens show it.
        """
        name, begun = f"{self.connection}/{self.external_id}", text.removesuffix("…")
        long_enough = len(begun.rpartition("/")[2]) >= SHORTEST_PREFIX
        return text in (self.connection, self.entry, self.external_id, name) or (
            long_enough and (self.external_id.startswith(begun) or name.startswith(begun))
        )


def load_activity(db: Db, activity_id: str) -> ActivityDetails:
    """The activity of that id."""
    row = db.execute(sa.select(activities).where(activities.c.id == activity_id)).one()
    activity, origins = model.decode(row.document), msgspec.json.decode(row.origins)
    return ActivityDetails(
        row.id, row.number, activity, origins, row.gone_at, tuple(members(db, activity_id))
    )


def members(db: Db, activity_id: str) -> Iterator[MemberRow]:
    """The source activities of an activity, by natural key."""
    columns = (
        records.c.external_id,
        records.c.state,
        connections.c.name,
        connections.c.source,
        streams.c.types,
    )
    query = (
        sa.select(source_activities, *columns)
        .join(records, records.c.id == source_activities.c.record_id)
        .join(connections, connections.c.id == records.c.connection_id)
        .outerjoin(streams, streams.c.source_activity_id == source_activities.c.id)
        .where(source_activities.c.activity_id == activity_id)
    )
    for row in db.execute(
        query.order_by(connections.c.name, records.c.external_id, source_activities.c.leg_no)
    ):
        yield MemberRow(
            row.id,
            row.record_id,
            row.name,
            row.source,
            row.external_id,
            row.leg_no,
            row.state == "gone",
            model.decode(row.document),
            tuple(msgspec.json.decode(row.types)) if row.types else (),
        )


def activities_of(db: Db, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Source activity → its name, ``connection/external id``, and id and number of its activity,
    ``None`` where it has none.
    """
    query = (
        sa.select(
            source_activities.c.id,
            records.c.external_id,
            connections.c.name,
            activities.c.number,
            activities.c.id.label("activity_id"),
        )
        .join(records, records.c.id == source_activities.c.record_id)
        .join(connections, connections.c.id == records.c.connection_id)
        .outerjoin(activities, activities.c.id == source_activities.c.activity_id)
    )
    return {
        row.id: {
            "name": f"{row.name}/{row.external_id}",
            "number": row.number,
            "activity_id": row.activity_id,
        }
        for some in chunks(ids)
        for row in db.execute(query.where(source_activities.c.id.in_(some)))
    }
