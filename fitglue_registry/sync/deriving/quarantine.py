"""Tries the records in quarantine again: the raw parts are all there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.model.stored import RunDecision, RunKind, RunOutcome
from fitglue_registry.store.quarantine import quarantined
from fitglue_registry.store.runs import RunLog
from fitglue_registry.sync.deriving.loading import loaded_batches
from fitglue_registry.sync.deriving.store_derived import place_stored, store_derived
from fitglue_registry.sync.deriving.workers import derive_batches
from fitglue_registry.sync.events import Decided, Events
from fitglue_registry.sync.lock import lock_of
from fitglue_registry.sync.run import Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.store.records import RecordRow
    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.deriving.deriver import Derived


def retry_connection(context: SyncContext) -> Events:
    """Try every record of a connection that is in quarantine again, in a run of its own."""
    connected = context.connected
    with lock_of(context):
        log = RunLog(connected.athlete_id, connected.id, RunKind.RETRY, context.now, {})
        run = Run(context, log)
        with context.database.read() as db:
            waiting = quarantined(db, connected.id)
        yield from _retry(run, waiting)
        with context.database.write() as db:
            log.end(db, context.now, RunOutcome.COMPLETE)


def retry_quarantine(run: Run) -> Events:
    """Try again what another version of the plugin refused."""
    context = run.context
    version = context.plugin_version
    if version is None:
        return
    with context.database.read() as db:
        waiting = quarantined(db, context.connection_id, not_version=version)
    yield from _retry(run, waiting)


def _retry(run: Run, waiting: Sequence[RecordRow]) -> Events:
    batches = loaded_batches(run.context, waiting)
    for records, results in derive_batches(run.context, batches, len(waiting)):
        for record, derived in zip(records, results, strict=True):
            with run.transaction() as transaction:
                stored = store_derived(transaction, record.id, derived)
                place_stored(transaction, [stored])
            yield _event(run.context.name, record, derived)


def _event(
    name: str,
    record: RecordRow,
    derived: Derived,
) -> Decided:
    if derived.refused is None:
        return Decided(name, record.external_id, RunDecision.RELEASED)
    return Decided(name, record.external_id, RunDecision.QUARANTINED, str(derived.refused))
