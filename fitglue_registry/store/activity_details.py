"""Loads one activity with the source activities from which it was merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.model import decode
from fitglue_registry.model.stored import RecordState
from fitglue_registry.store.joins import SOURCE_ACTIVITIES
from fitglue_registry.store.references import SHORTEST_PREFIX
from fitglue_registry.store.sent_deliveries import sent_deliveries
from fitglue_registry.store.sent_identities import echoes_among
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.tables import (
    activities,
    connections,
    records,
    source_activities,
    streams,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.store.sent_deliveries import SentDelivery

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
_ACTIVITIES = Statement(
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
    """One activity with the source activities from which it was merged."""

    id: str
    number: int  # the short number that people type
    activity: SourceActivity  # the merged values, without streams
    origins: Mapping[str, int]  # field → id of the source activity; "" is for all other fields
    day: str | None  # the day of its start: local, or of UTC if no local time is known
    gone_at: str | None  # when the last of its records was found gone
    members: tuple[MemberRow, ...]

    @property
    def counting(self) -> Sequence[MemberRow]:
        """The source activities whose values count: those that are not gone, or all if all are."""
        return [member for member in self.members if not member.gone] or self.members


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One source activity of an activity."""

    id: int
    record_id: int
    connection: str  # the name of the connection
    entry: str  # the id of the source's entry
    external_id: str
    leg_no: int
    gone: bool  # its record is a tombstone
    activity: SourceActivity  # without streams
    stream_types: tuple[str, ...]  # the channels of its streams
    sent_by: SentDelivery | None = None  # the delivery that it is what became of

    @property
    def name(self) -> str:
        """The name of its record, as screens show it: connection and external id."""
        return f"{self.connection}/{self.external_id}"

    def is_meant_by(self, text: str) -> bool:
        """Return whether a text that a person typed refers to this source activity.

        The text is a connection, a source, an external id, ``connection/external id``, or the
        beginning of one of the last two as screens show it, with or without ``…``.
        """
        name = self.name
        if text in (self.connection, self.entry, self.external_id, name):
            return True
        beginning = text.removesuffix("…")
        _, _, id_prefix = beginning.rpartition("/")
        if len(id_prefix) < SHORTEST_PREFIX:
            return False
        return self.external_id.startswith(beginning) or name.startswith(beginning)


def load_activity(db: Db, activity_id: str) -> ActivityDetails:
    """Return the activity with this id, which must exist (see ``references.resolve``)."""
    row = db.execute(sa.select(activities).where(activities.c.id == activity_id)).one()
    return ActivityDetails(
        id=row.id,
        number=row.number,
        activity=decode(row.document),
        origins=msgspec.json.decode(row.origins),
        day=row.day,
        gone_at=row.gone_at,
        members=tuple(members(db, activity_id)),
    )


def members(db: Db, activity_id: str) -> Iterator[MemberRow]:
    """Yield the source activities of an activity in the order of their natural keys.

    Ids are random or depend on what arrived first, so two stores of the same accounts would show
    the members in different orders.
    """
    rows = db.execute(_MEMBERS, {"activity": activity_id}).all()
    deliveries = _deliveries(db, rows)
    for row in rows:
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
            sent_by=deliveries.get(row.id),
        )


def _deliveries(db: Db, rows: Sequence[Any]) -> dict[int, SentDelivery]:
    """Return source activity id → its delivery, for those that a pipeline has sent."""
    if not rows:
        return {}
    echoes = echoes_among(db, rows[0].athlete_id, [row.id for row in rows])
    deliveries = sent_deliveries(db, echoes.values()) if echoes else {}
    return {number: deliveries[delivery_id] for number, delivery_id in echoes.items()}


def activities_of(db: Db, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return, by source activity id, its name and the activity to which it belongs.

    Returns:
        Mappings with ``name`` (``connection/external id``), ``number`` and ``activity_id``; the
        last two are ``None`` if it belongs to no activity.
    """
    described = {}
    for row in _ACTIVITIES.each_row(db, ids):
        described[row.id] = {
            "name": f"{row.name}/{row.external_id}",
            "number": row.number,
            "activity_id": row.activity_id,
        }
    return described
