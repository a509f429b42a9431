"""Derives everything again from the raw parts, without the network, and says what changed: the
plugin got better, so does the history.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry import model
from fitglue_registry.store.athletes import lock_athlete
from fitglue_registry.store.records import RecordRow
from fitglue_registry.store.runs import RunLog
from fitglue_registry.store.source_activities import forget_lost_activities
from fitglue_registry.store.source_activity_search import shared_of
from fitglue_registry.store.statements import chunks
from fitglue_registry.store.tables import quarantine, records, source_activities, streams
from fitglue_registry.sync import events
from fitglue_registry.sync.deriving.workers import batches_of, derive_batches
from fitglue_registry.sync.fetching.parts import load
from fitglue_registry.sync.fetching.storing import place_derived, store_derived
from fitglue_registry.sync.lock import connection_lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.plugin_api import Record
    from fitglue_registry.sync.context import Context
    from fitglue_registry.sync.deriving.deriver import Derived


@dataclass(slots=True)
class _Before:
    """What the store holds of a record: each leg's document and streams, who made them, and whether
    it is in quarantine.
    """

    legs: dict[int, tuple[str, bytes | None]] = field(default_factory=dict)
    made_by: set[tuple[int, str | None]] = field(default_factory=set)
    quarantined: bool = False
    lost: bool = False  # the activity that one of them belonged to is not there any more


@dataclass(frozen=True, slots=True)
class _Batch:
    known: Sequence[RecordRow]
    before: dict[int, _Before]


def rebuild_connection(context: Context) -> Iterator[events.Event]:
    """Normalize every record of a connection again; the last event is ``SyncFinished`` with how
    many changed.

    What says the same as before is not written again.
    """
    connected = context.connected
    with connection_lock(context.database, context.home, connected.id, connected.name, context.now):
        log = RunLog(connected.athlete_id, connected.id, "rebuild", context.now, {})
        with context.database.write() as db:
            forget_lost_activities(db, connected.athlete_id)
            query = sa.select(
                records.c.id,
                records.c.external_id,
                records.c.state,
                records.c.revision,
                records.c.start_local,
            )
            known = [
                RecordRow(*row)
                for row in db.execute(
                    query.where(records.c.connection_id == connected.id).order_by(records.c.id)
                )
            ]
        yield events.PartsPlanned(connected.name, "records", len(known))
        done = changed = quarantined = 0
        outcome = "stopped"
        try:
            for batch, every in derive_batches(context, _batches(context, known), len(known)):
                for one, derived in zip(batch.known, every, strict=True):
                    done += 1
                    if derived.refused and one.state == "gone":  # nobody needs to mend it any more
                        continue
                    if derived.refused:
                        quarantined += 1
                        yield events.Decided(
                            connected.name, one.external_id, "quarantined", str(derived.refused)
                        )
                    for leg_no in _renew(context, log, one, batch.before[one.id], derived):
                        changed += 1
                        yield events.Decided(
                            connected.name,
                            one.external_id,
                            "changed",
                            f"leg {leg_no}" if leg_no else None,
                        )
                    yield events.PartStored(
                        connected.name, "records", one.external_id, done, len(known)
                    )
            _merge_again(context)
            outcome = "complete"
        finally:  # also where a plugin failed, or nobody wanted the rest
            log.counts = {"records": len(known), "changed": changed, "quarantined": quarantined}
            with context.database.write() as db:
                log.end(db, context.now, outcome)
        yield events.SyncFinished(connected.name, log.counts)


def _merge_again(context: Context) -> None:
    """Merge what has several sources by the rules as they are now, which may have changed though
    nothing else did.
    """
    with context.database.read() as db:
        shared = shared_of(db, context.connected.id)
    for some in chunks(shared):
        with context.database.write() as db:
            lock_athlete(db, context.connected.athlete_id)
            context.matcher.merge_again(db, context.connected.athlete_id, some, context.now)


def _batches(context: Context, known: Sequence[RecordRow]) -> Iterator[tuple[_Batch, list[Record]]]:
    for some in batches_of(context.entry, known):
        loaded = load(context, [(one.id, one.external_id) for one in some])
        yield _Batch(some, _before(context, some)), [loaded[one.external_id] for one in some]


def _before(context: Context, some: Sequence[RecordRow]) -> dict[int, _Before]:
    found = {one.id: _Before() for one in some}
    query = sa.select(
        source_activities.c.record_id,
        source_activities.c.leg_no,
        source_activities.c.document,
        source_activities.c.model,
        source_activities.c.plugin_version,
        source_activities.c.activity_id,
        source_activities.c.stub,
        streams.c.content,
    ).outerjoin(streams, streams.c.source_activity_id == source_activities.c.id)
    with context.database.read() as db:
        for row in db.execute(query.where(source_activities.c.record_id.in_(found))):
            found[row.record_id].legs[row.leg_no] = row.document, _digest(row.content)
            found[row.record_id].made_by.add((row.model, row.plugin_version))
            found[row.record_id].lost |= row.activity_id is None and not row.stub
        for record_id in db.scalars(
            sa.select(quarantine.c.record_id).where(quarantine.c.record_id.in_(found))
        ):
            found[record_id].quarantined = True
    return found


def _renew(
    context: Context, log: RunLog, known: RecordRow, before: _Before, derived: Derived
) -> list[int]:
    """Store what a record says now, unless that is what it said before; the legs that say something
    else come back.
    """
    legs = (
        before.legs
        if derived.refused
        else {one.activity.leg_no: (one.document, _digest(one.blob)) for one in derived.prepared}
    )
    changed = sorted(
        leg_no
        for leg_no in legs.keys() | before.legs.keys()
        if legs.get(leg_no) != before.legs.get(leg_no)
    )
    same_maker = before.made_by <= {(model.MODEL_VERSION, context.plugin_version)}
    if changed or derived.refused or before.quarantined or before.lost or not same_maker:
        with context.writing(log) as db:
            place_derived(context, db, [store_derived(context, log, db, known.id, derived)])
            if changed:
                log.decide(db, context.now, "rebuilt", known.id)
    return changed


def _digest(content: bytes | None) -> bytes | None:
    return hashlib.sha256(content).digest() if content else None
