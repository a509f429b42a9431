"""Source activities, claims, opinions and the activities they make up: every change of them passes
through here.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry import model
from fitglue_registry.store.database import json_text
from fitglue_registry.store.encoding import figures_of
from fitglue_registry.store.prepared import Prepared, chunks, insert_one, insert_row, update_one
from fitglue_registry.store.tables import (
    FIGURES,
    activities,
    aliases,
    athletes,
    claims,
    connections,
    opinions,
    records,
    source_activities,
    streams,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.encoding import Encoded

# -- source activities -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stored:
    """What storing a record's source activities changed."""

    legs: tuple[tuple[int, Encoded], ...]
    rematch: bool  # what says by itself whose it is changed: claims, start, stub, legs
    compare: bool  # what is compared with others changed: figures, the recording
    affected: frozenset[str]  # activities that lost a member

    @property
    def ids(self) -> tuple[int, ...]:
        """The source activities."""
        return tuple(number for number, _ in self.legs)


#: The figures that are compared with those of others: one that changes may change a match.
_COMPARED = (
    "sport",
    "start_utc",
    "elapsed_s",
    "moving_s",
    "distance_m",
    "elevation_gain_m",
    "calories_kcal",
    "average_heartrate_bpm",
    "max_heartrate_bpm",
    "average_watts",
)
_LEGS = Prepared(
    sa.select(
        *(
            source_activities.c[name]
            for name in ("id", "leg_no", "stub", "activity_id", "start_local", *_COMPARED)
        ),
        streams.c.samples.label("samples"),
    )
    .outerjoin(streams, streams.c.source_activity_id == source_activities.c.id)
    .where(source_activities.c.record_id == sa.bindparam("record_id"))
)
_CLAIMS = Prepared(
    sa.select(claims.c.claim).where(claims.c.source_activity_id == sa.bindparam("number"))
)
_NO_STREAMS = Prepared(
    sa.delete(streams).where(streams.c.source_activity_id == sa.bindparam("number"))
)


def put_source_activities(
    db: Db,
    record_id: int,
    athlete_id: str,
    prepared: Sequence[Encoded],
    *,
    plugin: str,
    plugin_version: str | None,
    now: str,
) -> Stored:
    """Store what a record says now in place of what it said before; rows keep their ids, so
    opinions about them stay.
    """
    before = {row.leg_no: row for row in _LEGS.rows(db, record_id=record_id)}
    legs, rematch, compare = [], False, False
    for one in prepared:
        values = {
            "athlete_id": athlete_id,
            "stub": one.activity.stub is not None,
            "document": one.document,
            "model": model.MODEL_VERSION,
            "plugin": plugin,
            "plugin_version": plugin_version,
            "normalized_at": now,
            **one.figures,
        }
        row = before.pop(one.activity.leg_no, None)
        if row is None:
            number = insert_one(
                db, source_activities, record_id=record_id, leg_no=one.activity.leg_no, **values
            )
            rematch = True
        else:
            number = row.id
            update_one(db, source_activities, number, **values)
            rematch |= (row.start_local, bool(row.stub)) != (
                one.figures["start_local"],
                values["stub"],
            ) or row.activity_id is None
            compare |= (row.samples or 0) != one.samples or any(
                getattr(row, name) != one.figures[name] for name in _COMPARED
            )
        rematch |= _put_claims(db, number, athlete_id, one.activity.claims, known=row is not None)
        _put_streams(db, number, one, known=row is not None)
        legs.append((number, one))
    affected = frozenset(row.activity_id for row in before.values() if row.activity_id)
    if before:
        _delete_source_activities(db, [row.id for row in before.values()])
    return Stored(tuple(legs), rematch or bool(before), compare, affected)


def _put_claims(db: Db, number: int, athlete_id: str, said: Sequence[str], *, known: bool) -> bool:
    before = set(_CLAIMS.scalars(db, number=number)) if known else set()
    wanted = set(said)
    if before == wanted:
        return False
    if before - wanted:
        db.execute(
            sa.delete(claims).where(
                claims.c.source_activity_id == number, claims.c.claim.in_(before - wanted)
            )
        )
    if wanted - before:
        for claim in sorted(wanted - before):
            insert_row(db, claims, source_activity_id=number, claim=claim, athlete_id=athlete_id)
    return True


def _put_streams(db: Db, number: int, one: Encoded, *, known: bool) -> None:
    if known:
        _NO_STREAMS.run(db, number=number)
    if one.blob is not None:
        insert_row(
            db,
            streams,
            source_activity_id=number,
            types=json_text(one.types),
            samples=one.samples,
            content=one.blob,
        )


def _delete_source_activities(db: Db, ids: Sequence[int]) -> None:
    for some in chunks(ids):
        db.execute(
            sa.delete(opinions).where(
                sa.or_(opinions.c.first_id.in_(some), opinions.c.second_id.in_(some))
            )
        )
        db.execute(sa.delete(source_activities).where(source_activities.c.id.in_(some)))


# -- what the matcher sees -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One source activity with its record's keys, as the matcher needs it."""

    id: int
    connection_id: str
    entry: str
    account_id: str
    external_id: str
    leg_no: int
    stub: bool
    gone: bool
    start_local: datetime | None
    claims: frozenset[str]
    activity_id: str | None
    home_id: str | None
    document: str


_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_CLAIMS_OF = sa.select(claims.c.source_activity_id, claims.c.claim).where(
    claims.c.source_activity_id.in_(_IDS)
)
_ROWS = (
    sa.select(
        *(
            source_activities.c[name]
            for name in (
                "id",
                "leg_no",
                "stub",
                "start_local",
                "activity_id",
                "home_id",
                "document",
            )
        ),
        records.c.connection_id,
        records.c.external_id,
        records.c.state,
        connections.c.source,
        connections.c.account_id,
    )
    .join(records, records.c.id == source_activities.c.record_id)
    .join(connections, connections.c.id == records.c.connection_id)
    .where(source_activities.c.id.in_(_IDS))
)
_FELLOWS = sa.select(source_activities.c.id).where(
    source_activities.c.activity_id.in_(
        sa.select(source_activities.c.activity_id).where(source_activities.c.id.in_(_IDS))
    )
)
_ACTIVITIES = sa.select(
    *(
        activities.c[name]
        for name in ("id", "athlete_id", "number", "document", "origins", "gone_at")
    )
).where(activities.c.id.in_(_IDS))


def load_rows(db: Db, ids: Iterable[int], *, claims_too: bool = True) -> dict[int, Row]:
    """The source activities of these ids, with their claims unless nobody asks for them."""
    found: dict[int, Row] = {}
    for some in chunks(sorted(set(ids))):
        said: dict[int, set[str]] = defaultdict(set)
        for number, claim in db.execute(_CLAIMS_OF, {"ids": some}) if claims_too else ():
            said[number].add(claim)
        for row in db.execute(_ROWS, {"ids": some}):
            start = datetime.fromisoformat(row.start_local) if row.start_local else None
            found[row.id] = Row(
                row.id,
                row.connection_id,
                row.source,
                row.account_id,
                row.external_id,
                row.leg_no,
                bool(row.stub),
                row.state == "gone",
                start,
                frozenset(said[row.id]),
                row.activity_id,
                row.home_id,
                row.document,
            )
    return found


_SAMPLES = sa.select(streams.c.source_activity_id, streams.c.types, streams.c.samples).where(
    streams.c.source_activity_id.in_(_IDS)
)


def samples_of(db: Db, ids: Iterable[int]) -> dict[int, tuple[tuple[str, ...], int]]:
    """Source activity → the channels of its streams, and how many samples each has."""
    return {
        row.source_activity_id: (tuple(msgspec.json.decode(row.types)), row.samples)
        for some in chunks(sorted(set(ids)))
        for row in db.execute(_SAMPLES, {"ids": some})
    }


def forget_lost_activities(db: Db, athlete_id: str) -> None:
    """Let source activities whose activity is gone, as only damage can do, belong to none: they are
    given one when they are placed anew.
    """
    there = sa.exists().where(activities.c.id == source_activities.c.activity_id)
    db.execute(
        sa.update(source_activities)
        .where(
            source_activities.c.athlete_id == athlete_id,
            source_activities.c.activity_id.is_not(None),
            ~there,
        )
        .values(activity_id=None)
    )


def ids_of_records(db: Db, record_ids: Iterable[int]) -> list[int]:
    """The source activities of these records."""
    return [
        number
        for some in chunks(record_ids)
        for number in db.scalars(
            sa.select(source_activities.c.id).where(source_activities.c.record_id.in_(some))
        )
    ]


def ids_near(db: Db, athlete_id: str, spans: Iterable[tuple[datetime, datetime]]) -> set[int]:
    """The live source activities of an athlete that start inside one of these spans of local
    time.
    """
    found: set[int] = set()
    for oldest, newest in spans:
        query = (
            sa.select(source_activities.c.id)
            .join(records, records.c.id == source_activities.c.record_id)
            .where(
                source_activities.c.athlete_id == athlete_id,
                source_activities.c.start_local >= oldest.isoformat(),
                source_activities.c.start_local <= newest.isoformat(),
                records.c.state != "gone",
            )
        )
        found.update(db.scalars(query))
    return found


_NEIGHBOURS = Prepared(
    sa.select(
        *(
            source_activities.c[name]
            for name in ("start_utc", "start_local", "elapsed_s", "moving_s")
        )
    ).where(
        source_activities.c.athlete_id == sa.bindparam("athlete"),
        source_activities.c.start_local >= sa.bindparam("oldest"),
        source_activities.c.start_local <= sa.bindparam("newest"),
        source_activities.c.id != sa.bindparam("number"),
    )
)
_OPINION = Prepared(
    sa.select(opinions.c.first_id)
    .where(
        sa.or_(
            opinions.c.first_id == sa.bindparam("number"),
            opinions.c.second_id == sa.bindparam("number"),
        )
    )
    .limit(1)
)


def neighbours(
    db: Db, athlete_id: str, number: int, oldest: datetime, newest: datetime
) -> list[Any]:
    """When and how long the other source activities of an athlete are that start in this span of
    local time.
    """
    return _NEIGHBOURS.rows(
        db, athlete=athlete_id, number=number, oldest=oldest.isoformat(), newest=newest.isoformat()
    )


def is_spoken_of(db: Db, number: int) -> bool:
    """Whether anybody has said anything of this source activity."""
    return _OPINION.first(db, number=number) is not None


def ids_claiming(db: Db, athlete_id: str, said: Iterable[str]) -> set[int]:
    """The source activities of an athlete that assert one of these claims."""
    found: set[int] = set()
    for some in chunks(sorted(set(said))):
        query = sa.select(claims.c.source_activity_id).where(
            claims.c.athlete_id == athlete_id, claims.c.claim.in_(some)
        )
        found.update(db.scalars(query))
    return found


def opinions_about(db: Db, ids: Iterable[int]) -> list[Any]:
    """Everything that was said of these source activities."""
    found: dict[tuple[int, int, str], Any] = {}
    for some in chunks(ids):
        for row in db.execute(
            sa.select(opinions).where(
                sa.or_(opinions.c.first_id.in_(some), opinions.c.second_id.in_(some))
            )
        ):
            found[row.first_id, row.second_id, row.said_by] = row
    return list(found.values())


def put_opinion(
    db: Db, first: int, second: int, said_by: str, verdict: str, reason: str, now: str
) -> None:
    """Remember what somebody said of a pair, in place of what they said before."""
    first, second = min(first, second), max(first, second)
    key = (
        opinions.c.first_id == first,
        opinions.c.second_id == second,
        opinions.c.said_by == said_by,
    )
    if not db.execute(
        sa.update(opinions).where(*key).values(verdict=verdict, reason=reason)
    ).rowcount:
        db.execute(
            sa.insert(opinions).values(
                first_id=first,
                second_id=second,
                said_by=said_by,
                verdict=verdict,
                reason=reason,
                said_at=now,
            )
        )


def drop_opinions(db: Db, ids: Iterable[int], said_by: Sequence[str]) -> None:
    """Forget what these plugins said of these source activities: they are asked anew."""
    for some in chunks(ids):
        db.execute(
            sa.delete(opinions).where(
                opinions.c.said_by.in_(said_by),
                sa.or_(opinions.c.first_id.in_(some), opinions.c.second_id.in_(some)),
            )
        )


def lock_athlete(db: Db, athlete_id: str) -> None:
    """Let one transaction at a time decide about an athlete's activities; SQLite has but one writer
    anyway.
    """
    if db.dialect.name != "sqlite":
        db.execute(sa.select(athletes.c.id).where(athletes.c.id == athlete_id).with_for_update())


def members_of(db: Db, activity_ids: Iterable[str]) -> set[int]:
    """The source activities of these activities."""
    return {
        number
        for some in chunks(sorted(set(activity_ids)))
        for number in db.scalars(
            sa.select(source_activities.c.id).where(source_activities.c.activity_id.in_(some))
        )
    }


def shared_of(db: Db, connection_id: str) -> list[int]:
    """The source activities of a connection whose activity has other members too."""
    other = source_activities.alias("other")
    query = sa.select(source_activities.c.id).join(
        records, records.c.id == source_activities.c.record_id
    )
    return list(
        db.scalars(
            query.where(
                records.c.connection_id == connection_id,
                sa.exists().where(
                    other.c.activity_id == source_activities.c.activity_id,
                    other.c.id != source_activities.c.id,
                ),
            ).order_by(source_activities.c.id)
        )
    )


def with_fellow_members(db: Db, ids: Iterable[int]) -> set[int]:
    """These source activities that belong to an activity, and all others that belong to it too."""
    found: set[int] = set()
    for some in chunks(ids):
        found.update(db.scalars(_FELLOWS, {"ids": some}))
    return found


# -- activities ------------------------------------------------------------------------------------

_MEMBERS = source_activities.alias("members")
_LONE = Prepared(
    sa.select(source_activities.c.activity_id).where(
        source_activities.c.id == sa.bindparam("number"),
        source_activities.c.activity_id.is_not(None),
        ~sa.exists().where(
            _MEMBERS.c.activity_id == source_activities.c.activity_id,
            _MEMBERS.c.id != source_activities.c.id,
        ),
    )
)
_REWRITE = Prepared(
    sa.update(activities).where(
        activities.c.id == sa.bindparam("activity"),
        sa.or_(
            activities.c.document != sa.bindparam("said", type_=activities.c.document.type),
            activities.c.origins != sa.bindparam("said_by", type_=activities.c.origins.type),
        ),
    ),
    ("document", "origins", "updated_at", *FIGURES),
)


def rewrite_lone(db: Db, number: int, prepared: Encoded, now: str) -> bool:
    """Let an activity say what its only source activity says; False where there are others to be
    merged with, or none to say it to.
    """
    activity_id = None if prepared.activity.stub else _LONE.scalar(db, number=number)
    if activity_id is None:
        return False
    origins = _origins({"": number})
    _REWRITE.run(
        db,
        activity=activity_id,
        said=prepared.document,
        said_by=origins,
        document=prepared.document,
        origins=origins,
        updated_at=now,
        **prepared.figures,
    )
    return True


def _origins(origins: dict[str, int]) -> str:
    return msgspec.json.encode(origins, order="sorted").decode()


@dataclass(frozen=True, slots=True)
class Merged:
    """An activity as it shall be: its members, and the values that were merged from them (``None``:
    only stubs, no activity).
    """

    members: tuple[Row, ...]
    activity: model.SourceActivity | None
    origins: dict[str, int]
    gone: bool


def assign(db: Db, athlete_id: str, merged: Sequence[Merged], now: str) -> None:
    """Give each group its activity: the oldest id of its members survives, others become aliases, a
    split gives them back.
    """
    existing = _existing(
        db,
        {member.activity_id for group in merged for member in group.members if member.activity_id},
    )
    heirs = _heirs(merged)
    claimed: set[str | None] = set()
    chosen: list[tuple[Merged, str | None]] = []
    for place, group in enumerate(merged):
        own = [
            activity_id
            for activity_id, heir in heirs.items()
            if heir == place and activity_id in existing
        ]
        survivor = min(own, key=lambda activity_id: existing[activity_id].number) if own else None
        if survivor:
            claimed.add(survivor)
        chosen.append((group, survivor))
    for group, survivor in chosen:
        if group.activity is None:
            _set_activity(db, group.members, None)
            continue
        activity_id = survivor or _give_back(db, group, now)
        if activity_id is None:
            activity_id = _make(db, athlete_id, group, now)
        else:
            _write(db, activity_id, group, existing.get(activity_id), now)
        claimed.add(activity_id)
        _set_activity(db, group.members, activity_id)
        for other in {member.activity_id for member in group.members} & existing.keys() - claimed:
            claimed.add(other)
            _make_alias(db, existing[other], activity_id)
        _point_aliases(db, group, activity_id)
    _drop_empty(db, existing.keys() - {activity_id for _, activity_id in chosen})


def _heirs(merged: Sequence[Merged]) -> dict[str, int]:
    """Activity → the group that inherits it when its members part: the one with the first member
    that it was made for.
    """
    best: dict[str, tuple[bool, int, int]] = {}
    for place, group in enumerate(merged):
        for member in group.members if group.activity else ():
            if member.activity_id:
                claim = (member.home_id != member.activity_id, member.id, place)
                best[member.activity_id] = min(best.get(member.activity_id, claim), claim)
    return {activity_id: place for activity_id, (_, _, place) in best.items()}


def _existing(db: Db, ids: set[str]) -> dict[str | None, Any]:
    return {
        row.id: row
        for some in chunks(sorted(ids))
        for row in db.execute(_ACTIVITIES, {"ids": some})
    }


def _give_back(db: Db, group: Merged, now: str) -> str | None:
    """After a split, the activity that once was made for one of the members, with its number."""
    homes = {member.home_id for member in group.members if member.home_id}
    row = (
        db.execute(
            sa.select(aliases).where(aliases.c.id.in_(homes)).order_by(aliases.c.number).limit(1)
        ).first()
        if homes
        else None
    )
    if row is None:
        return None
    db.execute(sa.delete(aliases).where(aliases.c.id == row.id))
    db.execute(
        sa.insert(activities).values(
            id=row.id,
            athlete_id=row.athlete_id,
            number=row.number,
            document="{}",
            origins="{}",
            created_at=now,
            updated_at=now,
        )
    )
    return str(row.id)


_NEXT_NUMBER = Prepared(
    sa.update(athletes)
    .where(athletes.c.id == sa.bindparam("athlete"))
    .values(next_number=athletes.c.next_number + 1)
    .returning(athletes.c.next_number)
)


def _make(db: Db, athlete_id: str, group: Merged, now: str) -> str:
    number = _NEXT_NUMBER.scalar(db, athlete=athlete_id) - 1
    activity_id = str(uuid.uuid4())
    insert_row(
        db,
        activities,
        id=activity_id,
        athlete_id=athlete_id,
        number=number,
        created_at=now,
        **_values(group, None, now),
    )
    return activity_id


def _write(db: Db, activity_id: str, group: Merged, before: Any, now: str) -> None:
    values = _values(group, before, now)
    if before is None or (before.document, before.origins, before.gone_at is not None) != (
        values["document"],
        values["origins"],
        group.gone,
    ):
        update_one(db, activities, activity_id, **values)


def _values(group: Merged, before: Any, now: str) -> dict[str, Any]:
    assert group.activity is not None
    gone_at = (
        (before.gone_at if before is not None and before.gone_at else now) if group.gone else None
    )
    return {
        "document": model.encode(group.activity).decode(),
        "origins": _origins(group.origins),
        "updated_at": now,
        "gone_at": gone_at,
        **figures_of(group.activity),
    }


def _set_activity(db: Db, members: Sequence[Row], activity_id: str | None) -> None:
    for member in members:
        changed = {"activity_id": activity_id} if member.activity_id != activity_id else {}
        if member.home_id is None and activity_id is not None:
            changed["home_id"] = activity_id
        if changed:
            update_one(db, source_activities, member.id, **changed)


def _make_alias(db: Db, merged_away: Any, survivor: str) -> None:
    db.execute(
        sa.update(aliases)
        .where(aliases.c.activity_id == merged_away.id)
        .values(activity_id=survivor)
    )
    db.execute(
        sa.insert(aliases).values(
            id=merged_away.id,
            athlete_id=merged_away.athlete_id,
            number=merged_away.number,
            activity_id=survivor,
        )
    )
    db.execute(sa.delete(activities).where(activities.c.id == merged_away.id))


def _point_aliases(db: Db, group: Merged, activity_id: str) -> None:
    """After a split, an alias leads to where the members are that its activity was made for."""
    homes = {
        member.home_id
        for member in group.members
        if member.home_id and member.home_id != activity_id
    }
    if homes:
        moved = (aliases.c.id.in_(homes), aliases.c.activity_id != activity_id)
        db.execute(sa.update(aliases).where(*moved).values(activity_id=activity_id))


def _drop_empty(db: Db, ids: Iterable[Any]) -> None:
    """Activities that no source activity belongs to any more."""
    for some in chunks(sorted(ids)):
        db.execute(
            sa.delete(activities).where(
                activities.c.id.in_(some),
                ~sa.exists().where(source_activities.c.activity_id == activities.c.id),
            )
        )


def drop_orphans(db: Db, ids: Iterable[str]) -> None:
    """Remove those of these activities that have no source activity left (a connection was
    removed).
    """
    _drop_empty(db, set(ids))
