"""Stores what a record says in its source activities, with their claims and streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry import model
from fitglue_registry.store.statements import Statement, chunks, insert_one, insert_row, update_one
from fitglue_registry.store.stored_streams import put_streams
from fitglue_registry.store.tables import (
    activities,
    claims,
    opinions,
    source_activities,
    streams,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.encoding import EncodedActivity


@dataclass(frozen=True, slots=True)
class Stored:
    """What storing a record's source activities changed."""

    legs: tuple[tuple[int, EncodedActivity], ...]
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

_LEGS = Statement(
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

_CLAIMS = Statement(
    sa.select(claims.c.claim).where(claims.c.source_activity_id == sa.bindparam("number"))
)


def put_source_activities(
    db: Db,
    record_id: int,
    athlete_id: str,
    prepared: Sequence[EncodedActivity],
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
        put_streams(db, number, one, known=row is not None)
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


def _delete_source_activities(db: Db, ids: Sequence[int]) -> None:
    for some in chunks(ids):
        db.execute(
            sa.delete(opinions).where(
                sa.or_(opinions.c.first_id.in_(some), opinions.c.second_id.in_(some))
            )
        )
        db.execute(sa.delete(source_activities).where(source_activities.c.id.in_(some)))


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
