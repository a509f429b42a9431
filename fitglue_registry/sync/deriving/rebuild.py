"""Derives all records of a connection again from their raw parts, without the network.

After an update of a plugin, this brings its improvements to the whole history.
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
from fitglue_registry.sync.deriving.batches import derive_batches
from fitglue_registry.sync.deriving.loading import loaded_batches
from fitglue_registry.sync.deriving.store_derived import place_stored, store_derived
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
    #: The version of the model and the version of the plugin.
    Versions = tuple[int, str | None]


def rebuild_connection(context: SyncContext) -> Events:
    """Derive every record of a connection again, and store those whose result changed.

    Yields:
        A decision for each changed leg and each record in quarantine, and the progress. The last
        event is ``SyncFinished`` with the counts.

    Raises:
        Busy: Another process is syncing this connection.
    """
    with lock_of(context, RunKind.REBUILD):
        log = RunLog(context.athlete_id, context.connection_id, RunKind.REBUILD, context.now, {})
        yield from _Rebuild(Run(context, log)).run()


@dataclass(slots=True)
class _StoredResult:
    """What the store has of a record before the rebuild.

    Attributes:
        legs: Number of the leg → its content.
        versions: The versions that its legs were derived with.
        quarantined: The record is in quarantine.
        lacks_activity: A leg belongs to no activity, because the store was damaged.
    """

    legs: dict[int, Leg] = field(default_factory=dict)
    versions: set[Versions] = field(default_factory=set)
    quarantined: bool = False
    lacks_activity: bool = False


class _Rebuild:
    """One rebuild, with its counts so far."""

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
            _remerge_shared(self._context)
            outcome = RunOutcome.COMPLETE
        # What was stored is counted even if a plugin failed or the caller closed this generator.
        finally:
            log.counts = {
                RECORDS: len(rows),
                RunDecision.CHANGED: self._changed,
                RunDecision.QUARANTINED: self._quarantined,
            }
            with self._context.database.write() as db:
                log.end(db, self._context.now, outcome)
        yield SyncFinished(name, log.counts)

    def _all_records(self) -> list[RecordRow]:
        """Return all records of the connection, also those that are gone.

        A tombstone is derived too, so that its activity is correct if the source lists it again.
        """
        connection_id = self._context.connection_id
        query = (
            select_records().where(records.c.connection_id == connection_id).order_by(records.c.id)
        )
        with self._context.database.write() as db:
            lock_athlete(db, self._context.athlete_id)
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
                # Nobody can repair a record that no longer exists, so it does not go to quarantine.
                is_gone = row.state == RecordState.GONE
                if is_gone and derived.refused is not None:
                    continue
                yield from self._store_if_changed(row, batch.stored[row.id], derived)
                yield PartStored(name, RECORDS, row.external_id, done, total)

    def _store_if_changed(
        self,
        row: RecordRow,
        stored_result: _StoredResult,
        derived: Derived,
    ) -> Events:
        """Store the result of a record in its own transaction if it differs from what is stored.

        Records that did not change are not written, so a rebuild that changes nothing leaves the
        store as it was.
        """
        name = self._context.name
        refused = derived.refused
        if refused is not None:
            self._quarantined += 1
            yield Decided(name, row.external_id, RunDecision.QUARANTINED, str(refused))
        changed = _changed_legs(stored_result, derived)
        if changed or refused is not None or self._must_be_stored(stored_result):
            with self._run.transaction() as transaction:
                stored = store_derived(transaction, {row.id: derived})
                place_stored(transaction, stored)
                if changed:
                    transaction.decide(RunDecision.REBUILT, row.id)
        for leg_no in changed:
            self._changed += 1
            reason = f"leg {leg_no}" if leg_no else None
            yield Decided(name, row.external_id, RunDecision.CHANGED, reason)

    def _must_be_stored(self, stored_result: _StoredResult) -> bool:
        """Return whether a record must be stored again although its legs have the same content.

        Storing it releases it from quarantine, gives it an activity again, or updates the versions
        that its document carries.
        """
        if stored_result.quarantined or stored_result.lacks_activity:
            return True
        versions = (MODEL_VERSION, self._context.plugin_version)
        return bool(stored_result.versions - {versions})


def _remerge_shared(context: SyncContext) -> None:
    """Merge the activities with several sources again.

    The rules that choose between sources may have changed, even if no record did.
    """
    athlete_id = context.athlete_id
    with context.database.read() as db:
        shared = shared_of(db, context.connection_id)
    for ids in chunks(shared):
        # In chunks, so that other writers, such as a sync of another connection, get their turn.
        with context.database.write() as db:
            lock_athlete(db, athlete_id)
            context.matcher.remerge(db, athlete_id, ids, context.now)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Some records, with what the store has of each."""

    rows: Sequence[RecordRow]
    stored: dict[int, _StoredResult]


def _batches(
    context: SyncContext,
    rows: Sequence[RecordRow],
) -> Iterator[tuple[_Batch, list[Record]]]:
    for batch, loaded in loaded_batches(context, rows):
        stored = _load_stored(context, batch)
        yield _Batch(batch, stored), loaded


def _load_stored(context: SyncContext, rows: Sequence[RecordRow]) -> dict[int, _StoredResult]:
    """Return record id → what the store has of it."""
    stored = {row.id: _StoredResult() for row in rows}
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
    legs = legs.where(source_activities.c.record_id.in_(stored))
    in_quarantine = sa.select(quarantine.c.record_id)
    in_quarantine = in_quarantine.where(quarantine.c.record_id.in_(stored))
    with context.database.read() as db:
        for leg in db.execute(legs):
            record = stored[leg.record_id]
            record.legs[leg.leg_no] = (leg.document, _digest(leg.content))
            record.versions.add((leg.model, leg.plugin_version))
            # Stubs have no activity of their own, so theirs may be null.
            if leg.activity_id is None and not leg.stub:
                record.lacks_activity = True
        for record_id in db.scalars(in_quarantine):
            stored[record_id].quarantined = True
    return stored


def _changed_legs(stored_result: _StoredResult, derived: Derived) -> list[int]:
    """Return the numbers of the legs whose content changed, was added or no longer exists.

    A record that is refused keeps its legs unchanged.
    """
    if derived.refused is not None:
        return []
    now = {}
    for encoded in derived.encoded:
        leg_no = encoded.activity.leg_no
        now[leg_no] = (encoded.document, _digest(encoded.blob))
    changed = []
    for leg_no in sorted(now.keys() | stored_result.legs.keys()):
        if now.get(leg_no) != stored_result.legs.get(leg_no):
            changed.append(leg_no)
    return changed


def _digest(content: bytes | None) -> bytes | None:
    # A digest in place of the content, since a batch would otherwise keep all its streams twice.
    if not content:
        return None
    return hashlib.sha256(content).digest()
