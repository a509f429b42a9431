"""Stores the source activities of a record, with their claims and streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.model.activity import MODEL_VERSION
from fitglue_registry.store.encoding import clock_start
from fitglue_registry.store.opinions import delete_opinions
from fitglue_registry.store.rows import insert_one, insert_row, update_one
from fitglue_registry.store.statements import Statement, chunks
from fitglue_registry.store.stored_streams import put_streams
from fitglue_registry.store.tables import activities, claims, source_activities, streams

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.encoding import EncodedActivity
    from fitglue_registry.store.records import Attempt


@dataclass(frozen=True, slots=True)
class StoredLegs:
    """The source activities of a record after they were stored, and what that changed."""

    legs: tuple[tuple[int, EncodedActivity], ...]  # with their ids
    rematch: bool  # its own identity changed: claims, start, stub, or the number of legs
    compare: bool  # values that are compared with other source activities changed
    affected: frozenset[str]  # the activities that lost a member

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids of the source activities."""
        return tuple(source_activity_id for source_activity_id, _ in self.legs)


#: The columns that the matcher compares between source activities.
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
_BEFORE = ("id", "leg_no", "stub", "activity_id", "clock_start", "start_local", *_COMPARED)
_LEGS = Statement(
    sa.select(
        *(source_activities.c[name] for name in _BEFORE),
        streams.c.samples.label("samples"),
    )
    .outerjoin(streams, streams.c.source_activity_id == source_activities.c.id)
    .where(source_activities.c.record_id == sa.bindparam("record_id"))
)
_CLAIMS = Statement(
    sa.select(claims.c.claim).where(claims.c.source_activity_id == sa.bindparam("source_activity"))
)


def put_source_activities(
    db: Db,
    record_id: int,
    athlete_id: str,
    encoded: Sequence[EncodedActivity],
    attempt: Attempt,
) -> StoredLegs:
    """Store the source activities of a record in place of those that it had.

    A leg keeps its row and its id, so opinions about it and its activity stay. Legs that no longer
    exist are deleted.

    Args:
        db: A transaction that may write.
        record_id: The record.
        athlete_id: The athlete to whom the record belongs.
        encoded: The legs, encoded before the transaction began.
        attempt: The plugin that normalized the record, and when.
    """
    common = {
        "athlete_id": athlete_id,
        "model": MODEL_VERSION,
        "plugin": attempt.plugin,
        "plugin_version": attempt.plugin_version,
        "normalized_at": attempt.at,
    }
    before = {row.leg_no: row for row in _LEGS.rows(db, record_id=record_id)}
    legs: list[tuple[int, EncodedActivity]] = []
    rematch = False
    compare = False

    for leg in encoded:
        row = before.pop(leg.activity.leg_no, None)
        values = {**common, **_values_of(leg)}
        if row is None:
            values |= {"record_id": record_id, "leg_no": leg.activity.leg_no}
            leg_id = insert_one(db, source_activities, **values)
            rematch = True
        else:
            leg_id = row.id
            update_one(db, source_activities, leg_id, **values)
            rematch |= _moves(row, leg)
            compare |= _compares_differently(row, leg)

        # A new row has no claims or streams yet, which saves two queries for each leg of a first
        # sync.
        known = row is not None
        rematch |= _put_claims(db, leg_id, athlete_id, leg.activity.claims, known=known)
        put_streams(db, leg_id, leg, known=known)
        legs.append((leg_id, leg))

    lost = list(before.values())
    affected = frozenset(row.activity_id for row in lost if row.activity_id)
    if lost:
        _delete_source_activities(db, [row.id for row in lost])
    return StoredLegs(tuple(legs), rematch or bool(lost), compare, affected)


def _values_of(leg: EncodedActivity) -> dict[str, Any]:
    is_stub = leg.activity.stub is not None
    return {
        "stub": is_stub,
        "document": leg.document,
        "clock_start": clock_start(leg.columns),
        **leg.columns,
    }


def _moves(row: Any, leg: EncodedActivity) -> bool:
    """Return whether a source activity may now belong to another activity, or has none yet."""
    if row.activity_id is None or row.clock_start != clock_start(leg.columns):
        return True
    # A zone that became known may leave the clock as it is, for example in London in winter.
    if (row.start_local is None) != (leg.columns["start_local"] is None):
        return True
    is_stub = leg.activity.stub is not None
    return bool(row.stub) != is_stub


def _compares_differently(row: Any, leg: EncodedActivity) -> bool:
    # The number of samples is compared in place of the streams, which would have to be decoded.
    if (row.samples or 0) != leg.samples:
        return True
    return any(getattr(row, name) != leg.columns[name] for name in _COMPARED)


def _put_claims(
    db: Db,
    source_activity_id: int,
    athlete_id: str,
    asserted: Sequence[str],
    *,
    known: bool,
) -> bool:
    """Store the claims of a source activity, and return whether they changed."""
    before = set()
    if known:
        before = set(_CLAIMS.scalars(db, source_activity=source_activity_id))
    now = set(asserted)
    if before == now:
        return False
    _delete_claims(db, source_activity_id, before - now)
    for claim in sorted(now - before):
        insert_row(
            db,
            claims,
            source_activity_id=source_activity_id,
            claim=claim,
            athlete_id=athlete_id,
        )
    return True


def _delete_claims(
    db: Db,
    source_activity_id: int,
    dropped: Collection[str],
) -> None:
    if not dropped:
        return
    db.execute(
        sa.delete(claims).where(
            claims.c.source_activity_id == source_activity_id,
            claims.c.claim.in_(dropped),
        )
    )


def _delete_source_activities(db: Db, ids: Sequence[int]) -> None:
    for chunk in chunks(ids):
        delete_opinions(db, chunk)
        db.execute(sa.delete(source_activities).where(source_activities.c.id.in_(chunk)))


def detach_from_missing_activities(db: Db, athlete_id: str) -> None:
    """Clear the activity of source activities whose activity does not exist.

    Only damage can cause that, since there is no foreign key. A rebuild then gives each of them an
    activity again.
    """
    exists = sa.exists().where(activities.c.id == source_activities.c.activity_id)
    dangling = (
        source_activities.c.athlete_id == athlete_id,
        source_activities.c.activity_id.is_not(None),
        ~exists,
    )
    db.execute(sa.update(source_activities).where(*dangling).values(activity_id=None))
