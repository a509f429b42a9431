"""Retries the records in quarantine from their stored parts, without the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.model.stored import RunDecision, RunKind, RunOutcome
from fitglue_registry.store.quarantine import quarantined
from fitglue_registry.store.runs import RunLog
from fitglue_registry.sync.deriving.batches import derive_batches
from fitglue_registry.sync.deriving.loading import loaded_batches
from fitglue_registry.sync.deriving.store_derived import place_stored, store_derived
from fitglue_registry.sync.events import Decided, Events
from fitglue_registry.sync.lock import lock_of
from fitglue_registry.sync.run import Run
from fitglue_registry.sync.worker_limits import ZIP_SHARE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.store.records import RecordRow
    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.deriving.deriver import Derived


def retry_connection(context: SyncContext) -> Events:
    """Retry every record in quarantine of one connection, in a separate run.

    Yields:
        A decision for each of them: released, or still in quarantine.

    Raises:
        Busy: Another process is syncing this connection.
    """
    with lock_of(context, RunKind.RETRY):
        log = RunLog(context.athlete_id, context.connection_id, RunKind.RETRY, context.now, {})
        run = Run(context, log)
        with context.database.read() as db:
            waiting = quarantined(db, context.connection_id)
        yield from _retry(run, waiting)
        with context.database.write() as db:
            log.end(db, context.now, RunOutcome.COMPLETE)


def retry_quarantine(run: Run) -> Events:
    """Retry the records that another version of the plugin refused.

    The same version would refuse them again, so an idle sync does not retry at all. Files that were
    not read because their zip was slow wait for ``fitglue quarantine retry``.
    """
    context = run.context
    version = context.plugin_version
    # A plugin that an application passed as an object has no version, so no change is visible.
    if version is None:
        return
    with context.database.read() as db:
        waiting = quarantined(
            db,
            context.connection_id,
            not_version=version,
            not_code=ZIP_SHARE,
        )
    yield from _retry(run, waiting)


def _retry(run: Run, waiting: Sequence[RecordRow]) -> Events:
    batches = loaded_batches(run.context, waiting)
    for records, results in derive_batches(run.context, batches, len(waiting)):
        for record, derived in zip(records, results, strict=True):
            # One transaction for each record: if the process dies, the records before this one stay
            # released, and the others are retried by the next sync.
            with run.transaction() as transaction:
                stored = store_derived(transaction, {record.id: derived})
                place_stored(transaction, stored)
            yield _event(run.context.name, record, derived)


def _event(
    name: str,
    record: RecordRow,
    derived: Derived,
) -> Decided:
    if derived.refused is None:
        return Decided(name, record.external_id, RunDecision.RELEASED)
    return Decided(name, record.external_id, RunDecision.QUARANTINED, str(derived.refused))
