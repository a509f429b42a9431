"""Stores the source activities of a record, with their claims and streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.model.activity import MODEL_VERSION
from fitglue_registry.store.encoding import clock_start
from fitglue_registry.store.opinions import delete_opinions
from fitglue_registry.store.rows import insert_many, new_ids, update_many
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.stored_claims import put_claims
from fitglue_registry.store.stored_streams import put_streams
from fitglue_registry.store.tables import activities, source_activities, streams

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

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
        source_activities.c.record_id,
        *(source_activities.c[name] for name in _BEFORE),
        streams.c.samples.label("samples"),
    )
    .outerjoin(streams, streams.c.source_activity_id == source_activities.c.id)
    .where(source_activities.c.record_id.in_(IDS))
)
_DELETE = Statement(sa.delete(source_activities).where(source_activities.c.id.in_(IDS)))


@dataclass(frozen=True, slots=True)
class _Leg:
    """One source activity that is stored, and its row as it was before."""

    record_id: int
    id: int
    encoded: EncodedActivity
    before: Any  # None if it is new


def put_source_activities(
    db: Db,
    athlete_id: str,
    encoded: Mapping[int, Sequence[EncodedActivity]],
    attempt: Attempt,
) -> list[StoredLegs]:
    """Store the source activities of records in place of those that they had.

    A leg keeps its row and its id, so opinions about it and its activity stay. Legs that no longer
    exist are deleted. The number of statements does not grow with the number of records.

    Args:
        db: A transaction that may write.
        athlete_id: The athlete to whom the records belong.
        encoded: Record id → its legs, encoded before the transaction began.
        attempt: The plugin that normalized the records, and when.

    Returns:
        What was stored of each record, in the order of ``encoded``.
    """
    before = _legs_before(db, encoded)
    legs = _numbered(db, encoded, before)
    common = {
        "athlete_id": athlete_id,
        "model": MODEL_VERSION,
        "plugin": attempt.plugin,
        "plugin_version": attempt.plugin_version,
        "normalized_at": attempt.at,
    }
    _put_rows(db, legs, common)
    # What is left over in ``before`` has no leg any longer.
    lost = [row for rows in before.values() for row in rows.values()]
    _delete_source_activities(db, [row.id for row in lost])

    # A new row has no claims and no streams yet.
    known = {leg.id for leg in legs if leg.before is not None}
    asserted = {leg.id: leg.encoded.activity.claims for leg in legs}
    reclaimed = put_claims(db, athlete_id, asserted, known)
    put_streams(db, {leg.id: leg.encoded for leg in legs}, known)

    legs_of: dict[int, list[_Leg]] = {record_id: [] for record_id in encoded}
    for leg in legs:
        legs_of[leg.record_id].append(leg)
    stored = []
    for record_id, of_record in legs_of.items():
        lost_rows = before.get(record_id, {}).values()
        stored.append(_stored(of_record, lost_rows, reclaimed))
    return stored


def _legs_before(db: Db, record_ids: Iterable[int]) -> dict[int, dict[int, Any]]:
    """Return record id → number of the leg → its row."""
    before: dict[int, dict[int, Any]] = {}
    for row in _LEGS.each_row(db, record_ids):
        before.setdefault(row.record_id, {})[row.leg_no] = row
    return before


def _numbered(
    db: Db,
    encoded: Mapping[int, Sequence[EncodedActivity]],
    before: Mapping[int, dict[int, Any]],
) -> list[_Leg]:
    """Return the legs with the ids of their rows, which are taken out of ``before``."""
    found = []
    for record_id, legs in encoded.items():
        rows = before.get(record_id, {})
        for leg in legs:
            found.append((record_id, leg, rows.pop(leg.activity.leg_no, None)))
    count = sum(row is None for _, _, row in found)
    ids = iter(new_ids(db, source_activities, count))
    numbered = []
    for record_id, leg, row in found:
        leg_id = next(ids) if row is None else row.id
        numbered.append(_Leg(record_id, leg_id, leg, row))
    return numbered


def _put_rows(
    db: Db,
    legs: Iterable[_Leg],
    common: Mapping[str, Any],
) -> None:
    """Insert the rows of new legs, and update those of the others."""
    new = []
    known = []
    for leg in legs:
        row = {"id": leg.id, **common, **_values_of(leg.encoded)}
        if leg.before is not None:
            known.append(row)
        else:
            key = {"record_id": leg.record_id, "leg_no": leg.encoded.activity.leg_no}
            new.append(row | key)
    insert_many(db, source_activities, new)
    update_many(db, source_activities, known)


def _stored(
    legs: Iterable[_Leg],
    lost: Collection[Any],
    reclaimed: Collection[int],
) -> StoredLegs:
    """Return what was stored of a record, whose claims may have changed."""
    rematch = bool(lost)
    compare = False
    for leg in legs:
        if leg.before is None or leg.id in reclaimed:
            rematch = True
        else:
            rematch |= _moves(leg.before, leg.encoded)
            compare |= _compares_differently(leg.before, leg.encoded)
    affected = frozenset(row.activity_id for row in lost if row.activity_id)
    return StoredLegs(
        tuple((leg.id, leg.encoded) for leg in legs),
        rematch,
        compare,
        affected,
    )


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


def _delete_source_activities(db: Db, ids: Sequence[int]) -> None:
    delete_opinions(db, ids)
    _DELETE.run_each(db, ids)


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
