"""One activity with the source activities that it was made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.model import decode
from fitglue_registry.model.stored import RecordState
from fitglue_registry.store.joins import SOURCE_ACTIVITIES
from fitglue_registry.store.references import SHORTEST_PREFIX
from fitglue_registry.store.statements import IDS, each_row
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

    from fitglue_registry.model import SourceActivity

_MEMBERS = (
    sa.select(
        source_activities,
        records.c.external_id,
        records.c.state,
        connections.c.name,
        connections.c.source,
        streams.c.types,
    )
    .select_from(SOURCE_ACTIVITIES)
    .outerjoin(streams, streams.c.source_activity_id == source_activities.c.id)
    .where(source_activities.c.activity_id == sa.bindparam("activity"))
    .order_by(connections.c.name, records.c.external_id, source_activities.c.leg_no)
)
_ACTIVITIES = (
    sa.select(
        source_activities.c.id,
        records.c.external_id,
        connections.c.name,
        activities.c.number,
        activities.c.id.label("activity_id"),
    )
    .select_from(SOURCE_ACTIVITIES)
    .outerjoin(activities, activities.c.id == source_activities.c.activity_id)
    .where(source_activities.c.id.in_(IDS))
)


@dataclass(frozen=True, slots=True)
class ActivityDetails:
    """One activity with what it was made of."""

    id: str
    number: int
    activity: SourceActivity
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
    activity: SourceActivity
    stream_types: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of its record, as screens show it: connection and external id."""
        return f"{self.connection}/{self.external_id}"

    def is_meant_by(self, text: str) -> bool:
        """Whether somebody who types this means it: its connection, its source, its id, or the
        beginning of that as screens show it.
        """
        name = self.name
        if text in (self.connection, self.entry, self.external_id, name):
            return True
        beginning = text.removesuffix("…")
        _, _, of_id = beginning.rpartition("/")
        if len(of_id) < SHORTEST_PREFIX:
            return False
        return self.external_id.startswith(beginning) or name.startswith(beginning)


def load_activity(db: Db, activity_id: str) -> ActivityDetails:
    """The activity of that id."""
    row = db.execute(sa.select(activities).where(activities.c.id == activity_id)).one()
    return ActivityDetails(
        id=row.id,
        number=row.number,
        activity=decode(row.document),
        origins=msgspec.json.decode(row.origins),
        gone_at=row.gone_at,
        members=tuple(members(db, activity_id)),
    )


def members(db: Db, activity_id: str) -> Iterator[MemberRow]:
    """The source activities of an activity, by natural key."""
    for row in db.execute(_MEMBERS, {"activity": activity_id}):
        channels = msgspec.json.decode(row.types) if row.types else ()
        yield MemberRow(
            id=row.id,
            record_id=row.record_id,
            connection=row.name,
            entry=row.source,
            external_id=row.external_id,
            leg_no=row.leg_no,
            gone=row.state == RecordState.GONE,
            activity=decode(row.document),
            stream_types=tuple(channels),
        )


def activities_of(db: Db, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Source activity → its name, ``connection/external id``, and id and number of its activity,
    ``None`` where it has none.
    """
    described = {}
    for row in each_row(db, _ACTIVITIES, ids):
        described[row.id] = {
            "name": f"{row.name}/{row.external_id}",
            "number": row.number,
            "activity_id": row.activity_id,
        }
    return described
