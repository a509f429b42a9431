"""What faces ask of the store: lists of activities, one activity whole, what happened to a
record.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry import model
from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.store.prepared import chunks
from fitglue_registry.store.stream_codec import decode_streams
from fitglue_registry.store.tables import (
    FIGURES,
    THERE,
    activities,
    aliases,
    claims,
    connections,
    opinions,
    parts,
    quarantine,
    raw,
    records,
    source_activities,
    streams,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from sqlalchemy.engine import Connection as Db


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


#: The beginning of an id is enough, as lists show it, if it is not too short.
_SHORTEST_PREFIX, _MOST_FOUND = 6, 20
_DAY = r"\d{4}-\d\d-\d\d"
LISTED = ("number", "id", *FIGURES)


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
        yield activities.c.start_local < _end_of(wanted.until)
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


def _end_of(day: date) -> str:
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


# -- references: what people type ------------------------------------------------------------------


def resolve(db: Db, athlete_id: str, reference: str) -> str:
    """The id of the activity that somebody means by its number, ``last``, a date, an id, or an id
    at a source.

    Raises ``UserMistake``: FG-activity-unknown, or FG-activity-ambiguous with the numbers to choose
    from.
    """
    found = _candidates(db, athlete_id, reference.strip())
    if len(found) == 1:
        return found[0][0]
    if found:
        listed = ", ".join(f"{number} ({title or 'untitled'})" for _, number, title in found)
        raise UserMistake(
            "FG-activity-ambiguous",
            f"{reference!r} is {len(found)} activities",
            why=listed,
            fix="type one of the numbers",
        )
    raise UserMistake(
        "FG-activity-unknown",
        f"there is no activity {reference!r}",
        at=Place(field="activity"),
        fix="type a number from `fitglue activities`, `last`, a date, or an id at the source; "
        "`fitglue why` tells more",
    )


def _candidates(db: Db, athlete_id: str, reference: str) -> list[tuple[str, int, str | None]]:
    mine = sa.select(activities.c.id, activities.c.number, activities.c.title).where(
        activities.c.athlete_id == athlete_id
    )
    live = mine.where(activities.c.gone_at.is_(None))
    if reference == "last":
        query = live.order_by(activities.c.start_local.desc(), activities.c.number).limit(1)
    elif re.fullmatch(_DAY, reference):
        query = live.where(activities.c.start_local.like(f"{reference}%")).order_by(
            activities.c.start_local
        )
    else:
        return _by_id(db, athlete_id, reference, mine)
    return [(row.id, row.number, row.title) for row in db.execute(query)]


def _by_id(
    db: Db, athlete_id: str, reference: str, mine: sa.Select[Any]
) -> list[tuple[str, int, str | None]]:
    queries = [
        mine.where(activities.c.id == reference),
        mine.where(
            activities.c.id.in_(
                sa.select(aliases.c.activity_id).where(
                    aliases.c.athlete_id == athlete_id, aliases.c.id == reference
                )
            )
        ),
    ]
    if reference.isdecimal() and len(reference) < 10:
        queries += [
            mine.where(activities.c.number == int(reference)),
            mine.where(
                activities.c.id.in_(
                    sa.select(aliases.c.activity_id).where(
                        aliases.c.athlete_id == athlete_id, aliases.c.number == int(reference)
                    )
                )
            ),
        ]
    upstream = (
        sa.select(source_activities.c.activity_id)
        .join(records, records.c.id == source_activities.c.record_id)
        .join(connections, connections.c.id == records.c.connection_id)
        .where(source_activities.c.athlete_id == athlete_id)
    )
    whole, *looser = [
        mine.where(activities.c.id.in_(upstream.where(meant))) for meant in _at_source(reference)
    ]
    queries.append(whole)
    claimed = sa.select(source_activities.c.activity_id).join(
        claims, claims.c.source_activity_id == source_activities.c.id
    )
    queries.append(
        mine.where(
            activities.c.id.in_(
                claimed.where(claims.c.athlete_id == athlete_id, claims.c.claim == reference)
            )
        )
    )
    for query in [*queries, *looser]:
        found = [
            (row.id, row.number, row.title)
            for row in db.execute(query.order_by(activities.c.start_local).limit(_MOST_FOUND))
        ]
        if found:
            return found
    return []


def _at_source(reference: str) -> Iterator[sa.ColumnElement[bool]]:
    """What an id at a source may mean, the narrowest first: the id, the id of a connection, and its
    beginning as screens show it.
    """
    yield records.c.external_id == reference
    connection, _, external_id = reference.removesuffix("…").rpartition("/")
    its = connections.c.name == connection if connection else sa.true()
    yield sa.and_(its, records.c.external_id == external_id)
    if len(external_id) >= _SHORTEST_PREFIX:
        yield sa.and_(its, records.c.external_id.startswith(external_id, autoescape=True))


# -- one activity ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
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
        long_enough = len(begun.rpartition("/")[2]) >= _SHORTEST_PREFIX
        return text in (self.connection, self.entry, self.external_id, name) or (
            long_enough and (self.external_id.startswith(begun) or name.startswith(begun))
        )


def load_activity(db: Db, activity_id: str) -> Found:
    """The activity of that id."""
    row = db.execute(sa.select(activities).where(activities.c.id == activity_id)).one()
    activity, origins = model.decode(row.document), msgspec.json.decode(row.origins)
    return Found(
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


def load_streams(
    db: Db, source_activity_id: int, types: Sequence[str] | None = None
) -> tuple[model.Stream, ...]:
    """The streams of a source activity, all or those named."""
    blob = db.scalar(
        sa.select(streams.c.content).where(streams.c.source_activity_id == source_activity_id)
    )
    return decode_streams(blob, types) if blob else ()


# -- what happened ---------------------------------------------------------------------------------


def find_records(db: Db, athlete_id: str, reference: str) -> list[int]:
    """The records of an external id or a claim, whether an activity came of them or not."""
    mine = sa.select(records.c.id).join(connections, connections.c.id == records.c.connection_id)
    mine = mine.where(connections.c.athlete_id == athlete_id)
    for meant in _at_source(reference):
        found = list(db.scalars(mine.where(meant).limit(_MOST_FOUND)))
        if found:
            return found
    claimed = sa.select(source_activities.c.record_id).join(
        claims, claims.c.source_activity_id == source_activities.c.id
    )
    return list(
        db.scalars(mine.where(records.c.id.in_(claimed.where(claims.c.claim == reference))))
    )


def records_on(db: Db, athlete_id: str, day: str) -> list[int]:
    """The records that started on a local day."""
    if not re.fullmatch(_DAY, day):
        return []
    mine = sa.select(records.c.id).join(connections, connections.c.id == records.c.connection_id)
    return list(
        db.scalars(
            mine.where(
                connections.c.athlete_id == athlete_id, records.c.start_local.like(f"{day}%")
            )
        )
    )


def record_story(db: Db, record_id: int) -> dict[str, Any]:
    """A record with its parts, its quarantine, its source activities and their claims, as plain
    values.
    """
    row = db.execute(
        sa.select(records, connections.c.name, connections.c.source)
        .join(connections, connections.c.id == records.c.connection_id)
        .where(records.c.id == record_id)
    ).one()
    held = db.execute(sa.select(quarantine).where(quarantine.c.record_id == record_id)).first()
    sources = [
        {
            "id": one.id,
            "leg_no": one.leg_no,
            "activity_id": one.activity_id,
            "stub": bool(one.stub),
            "plugin": one.plugin,
            "plugin_version": one.plugin_version,
            "normalized_at": one.normalized_at,
            "start_utc": one.start_utc,
            "elapsed_s": one.elapsed_s,
            "claims": list(
                db.scalars(
                    sa.select(claims.c.claim)
                    .where(claims.c.source_activity_id == one.id)
                    .order_by(claims.c.claim)
                )
            ),
        }
        for one in db.execute(
            sa.select(source_activities)
            .where(source_activities.c.record_id == record_id)
            .order_by(source_activities.c.leg_no)
        )
    ]
    return {
        "connection": row.name,
        "source": row.source,
        "external_id": row.external_id,
        "state": row.state,
        "start_local": row.start_local,
        "at_source": row.at_source,
        "first_seen_at": row.first_seen_at,
        "changed_at": row.changed_at,
        "gone_at": row.gone_at,
        "reason": msgspec.json.decode(row.reason) if row.reason else None,
        "parts": list(_part_stories(db, record_id)),
        "quarantine": {**msgspec.json.decode(held.error), "since": held.since, "tries": held.tries}
        if held
        else None,
        "source_activities": sources,
    }


def _part_stories(db: Db, record_id: int) -> Iterator[dict[str, Any]]:
    query = sa.select(parts, raw.c.size, raw.c.received_at, raw.c.sha256).outerjoin(
        raw, raw.c.id == parts.c.raw_id
    )
    for row in db.execute(query.where(parts.c.record_id == record_id).order_by(parts.c.part)):
        yield {
            "part": row.part,
            "state": row.state,
            "bytes": row.size,
            "received_at": row.received_at,
            "sha256": row.sha256,
            "tries": row.tries,
            "code": row.code,
            "reason": row.reason,
        }


def opinions_between(db: Db, ids: Sequence[int]) -> list[dict[str, Any]]:
    """What was said of pairs among these source activities."""
    query = (
        sa.select(opinions)
        .where(opinions.c.first_id.in_(ids), opinions.c.second_id.in_(ids))
        .order_by(opinions.c.first_id)
    )
    return [dict(row._mapping) for row in db.execute(query)]


def list_quarantine(db: Db, athlete_id: str) -> list[dict[str, Any]]:
    """The records in quarantine, oldest first."""
    query = (
        sa.select(quarantine, records.c.external_id, records.c.start_local, connections.c.name)
        .join(records, records.c.id == quarantine.c.record_id)
        .join(connections, connections.c.id == records.c.connection_id)
    )
    return [
        {
            "connection": row.name,
            "external_id": row.external_id,
            "start_local": row.start_local,
            "stage": row.stage,
            "since": row.since,
            "tries": row.tries,
            "plugin": row.plugin,
            "plugin_version": row.plugin_version,
            **msgspec.json.decode(row.error),
        }
        for row in db.execute(
            query.where(connections.c.athlete_id == athlete_id).order_by(quarantine.c.since)
        )
    ]


def list_stubs(db: Db, athlete_id: str) -> list[dict[str, Any]]:
    """What the sources of an athlete list and never deliver, unless another record stands in for
    it, counted by reason.
    """
    answered = (
        sa.select(source_activities.c.record_id)
        .join(activities, activities.c.id == source_activities.c.activity_id)
        .where(activities.c.gone_at.is_(None))
    )
    query = (
        sa.select(connections.c.name, records.c.reason, sa.func.count().label("stubs"))
        .join(connections, connections.c.id == records.c.connection_id)
        .where(
            connections.c.athlete_id == athlete_id,
            records.c.state == "stub",
            records.c.id.not_in(answered),
        )
    )
    unsaid = {"code": "FG-stub", "reason": "the source gives no reason", "fix": None}
    return [
        {
            "connection": row.name,
            **unsaid,
            **msgspec.json.decode(row.reason or "{}"),
            "count": row.stubs,
        }
        for row in db.execute(
            query.group_by(connections.c.name, records.c.reason).order_by(connections.c.name)
        )
    ]


def totals(db: Db, athlete_id: str, since: date, until: date) -> dict[str, float]:
    """Count, seconds, metres and load of the activities that started in these local days, both
    included.
    """
    moving = sa.func.coalesce(activities.c.moving_s, activities.c.elapsed_s)
    summed = (moving, activities.c.distance_m, activities.c.training_load)
    query = sa.select(
        sa.func.count(), *(sa.func.coalesce(sa.func.sum(column), 0) for column in summed)
    ).where(
        activities.c.athlete_id == athlete_id,
        activities.c.gone_at.is_(None),
        activities.c.start_local >= since.isoformat(),
        activities.c.start_local < _end_of(until),
    )
    return dict(
        zip(
            ("count", "moving_s", "distance_m", "training_load"),
            db.execute(query).one(),
            strict=True,
        )
    )


def connection_counts(db: Db, connection_id: str) -> dict[str, int]:
    """How many records of each state, how many in quarantine, how many parts are wanted, and how
    many were given up for now.
    """
    states = {
        row[0]: row[1]
        for row in db.execute(
            sa.select(records.c.state, sa.func.count())
            .where(records.c.connection_id == connection_id)
            .group_by(records.c.state)
        )
    }
    mine = sa.select(records.c.id).where(records.c.connection_id == connection_id)
    states["quarantine"] = (
        db.scalar(sa.select(sa.func.count()).where(quarantine.c.record_id.in_(mine))) or 0
    )
    waiting = (
        sa.select(parts.c.state, sa.func.count())
        .join(records, records.c.id == parts.c.record_id)
        .where(
            records.c.connection_id == connection_id,
            records.c.state.in_(THERE),
            parts.c.state.in_(("wanted", "failed")),
        )
    )
    return {
        **states,
        "wanted": 0,
        "failed": 0,
        **{row[0]: row[1] for row in db.execute(waiting.group_by(parts.c.state))},
    }
