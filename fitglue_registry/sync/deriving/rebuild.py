"""Derives everything again from the raw parts, without the network, and says what changed: the
plugin got better, so does the history.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.model import MODEL_VERSION
from fitglue_registry.model.stored import RecordState, RunDecision, RunKind, RunOutcome
from fitglue_registry.store.athletes import lock_athlete
from fitglue_registry.store.records import RecordRow, select_records
from fitglue_registry.store.runs import RunLog
from fitglue_registry.store.source_activities import detach_from_missing_activities
from fitglue_registry.store.source_activity_search import shared_of
from fitglue_registry.store.statements import chunks
from fitglue_registry.store.tables import quarantine, records, source_activities, streams
from fitglue_registry.sync.deriving.loading import loaded_batches
from fitglue_registry.sync.deriving.store_derived import place_stored, store_derived
from fitglue_registry.sync.deriving.workers import derive_batches
from fitglue_registry.sync.events import (
    RECORDS,
    Decided,
    Events,
    PartsPlanned,
    PartStored,
    SyncFinished,
)
from fitglue_registry.sync.lock import lock_of
from fitglue_registry.sync.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.plugin_api import Record
    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.deriving.deriver import Derived

    #: The document of a leg, and the digest of its streams.
    Leg = tuple[str, bytes | None]
    #: The versions of the model and of the plugin.
    Maker = tuple[int, str | None]


def rebuild_connection(context: SyncContext) -> Events:
    """Normalize every record of a connection again; the last event is ``SyncFinished`` with how
    many changed.

    What says the same as before is not written again.
    """
    connected = context.connected
    with lock_of(context):
        log = RunLog(connected.athlete_id, connected.id, RunKind.REBUILD, context.now, {})
        yield from _Rebuild(Run(context, log)).run()


@dataclass(slots=True)
class _Before:
    """What the store holds of a record: each leg's document and streams, who made them, and whether
    it is in quarantine.
    """

    legs: dict[int, Leg] = field(default_factory=dict)
    made_by: set[Maker] = field(default_factory=set)
    quarantined: bool = False
    lost: bool = False  # the activity that one of them belonged to is not there any more


class _Rebuild:
    """One rebuild, with what it has counted so far."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._context = run.context
        self._changed = 0
        self._quarantined = 0

    def run(self) -> Events:
        name = self._context.name
        rows = self._all_records()
        log = self._run.log
        outcome = RunOutcome.STOPPED
        yield PartsPlanned(name, RECORDS, len(rows))
        try:
            yield from self._derive(rows)
            _merge_again(self._context)
            outcome = RunOutcome.COMPLETE
        finally:  # also where a plugin failed, or nobody wanted the rest
            log.counts = {
                RECORDS: len(rows),
                RunDecision.CHANGED: self._changed,
                RunDecision.QUARANTINED: self._quarantined,
            }
            with self._context.database.write() as db:
                log.end(db, self._context.now, outcome)
        yield SyncFinished(name, log.counts)

    def _all_records(self) -> list[RecordRow]:
        connection_id = self._context.connection_id
        query = (
            select_records().where(records.c.connection_id == connection_id).order_by(records.c.id)
        )
        with self._context.database.write() as db:
            detach_from_missing_activities(db, self._context.athlete_id)
            return [RecordRow(*row) for row in db.execute(query)]

    def _derive(self, rows: Sequence[RecordRow]) -> Events:
        name = self._context.name
        total = len(rows)
        done = 0
        batches = _batches(self._context, rows)
        for batch, results in derive_batches(self._context, batches, total):
            for row, derived in zip(batch.rows, results, strict=True):
                done += 1
                is_gone = row.state == RecordState.GONE
                if is_gone and derived.refused is not None:
                    continue  # no further attempt is needed
                yield from self._renew(row, batch.before[row.id], derived)
                yield PartStored(name, RECORDS, row.external_id, done, total)

    def _renew(
        self,
        row: RecordRow,
        before: _Before,
        derived: Derived,
    ) -> Events:
        """Store what a record says now, unless that is what it said before."""
        name = self._context.name
        refused = derived.refused
        if refused is not None:
            self._quarantined += 1
            yield Decided(name, row.external_id, RunDecision.QUARANTINED, str(refused))
        changed = _changed_legs(before, derived)
        if changed or refused is not None or self._has_to_be_written(before):
            with self._run.transaction() as transaction:
                stored = store_derived(transaction, row.id, derived)
                place_stored(transaction, [stored])
                if changed:
                    transaction.decide(RunDecision.REBUILT, row.id)
        for leg_no in changed:
            self._changed += 1
            reason = f"leg {leg_no}" if leg_no else None
            yield Decided(name, row.external_id, RunDecision.CHANGED, reason)

    def _has_to_be_written(self, before: _Before) -> bool:
        """Whether a record is stored anew although it says what it said before."""
        if before.quarantined or before.lost:
            return True
        maker = (MODEL_VERSION, self._context.plugin_version)
        return bool(before.made_by - {maker})


def _merge_again(context: SyncContext) -> None:
    """Merge what has several sources by the rules as they are now, which may have changed though
    nothing else did.
    """
    athlete_id = context.athlete_id
    with context.database.read() as db:
        shared = shared_of(db, context.connection_id)
    for ids in chunks(shared):
        with context.database.write() as db:
            lock_athlete(db, athlete_id)
            context.matcher.merge_again(db, athlete_id, ids, context.now)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Some records, with what the store holds of each."""

    rows: Sequence[RecordRow]
    before: dict[int, _Before]


def _batches(
    context: SyncContext,
    rows: Sequence[RecordRow],
) -> Iterator[tuple[_Batch, list[Record]]]:
    for batch, loaded in loaded_batches(context, rows):
        before = _load_before(context, batch)
        yield _Batch(batch, before), loaded


def _load_before(context: SyncContext, rows: Sequence[RecordRow]) -> dict[int, _Before]:
    """Record → what the store holds of it."""
    before = {row.id: _Before() for row in rows}
    legs = sa.select(
        source_activities.c.record_id,
        source_activities.c.leg_no,
        source_activities.c.document,
        source_activities.c.model,
        source_activities.c.plugin_version,
        source_activities.c.activity_id,
        source_activities.c.stub,
        streams.c.content,
    ).outerjoin(streams, streams.c.source_activity_id == source_activities.c.id)
    legs = legs.where(source_activities.c.record_id.in_(before))
    held = sa.select(quarantine.c.record_id)
    held = held.where(quarantine.c.record_id.in_(before))
    with context.database.read() as db:
        for leg in db.execute(legs):
            record = before[leg.record_id]
            record.legs[leg.leg_no] = (leg.document, _digest(leg.content))
            record.made_by.add((leg.model, leg.plugin_version))
            if leg.activity_id is None and not leg.stub:
                record.lost = True
        for record_id in db.scalars(held):
            before[record_id].quarantined = True
    return before


def _changed_legs(before: _Before, derived: Derived) -> list[int]:
    """The numbers of the legs that say something else now; what is refused changes none."""
    if derived.refused is not None:
        return []
    now = {}
    for encoded in derived.encoded:
        leg_no = encoded.activity.leg_no
        now[leg_no] = (encoded.document, _digest(encoded.blob))
    changed = []
    for leg_no in sorted(now.keys() | before.legs.keys()):
        if now.get(leg_no) != before.legs.get(leg_no):
            changed.append(leg_no)
    return changed


def _digest(content: bytes | None) -> bytes | None:
    if not content:
        return None
    return hashlib.sha256(content).digest()
