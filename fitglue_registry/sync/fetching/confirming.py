"""Asks the source by id for records that vanished from its list, before they become tombstones.

Absence from a list does not prove a deletion. The start of the record may have been edited, or the
list may leave out records by mistake.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import FitglueError
from fitglue_registry.model.stored import PartName, RecordState, RunDecision
from fitglue_registry.plugin_api import Part, Unavailable, UnavailableState
from fitglue_registry.store.quarantine import quarantined, release
from fitglue_registry.store.records import records_in_state, update_record
from fitglue_registry.store.source_activity_search import ids_of_records
from fitglue_registry.sync.deriving.pool import Pool
from fitglue_registry.sync.deriving.store_derived import place_stored, store_derived
from fitglue_registry.sync.events import Decided, Event, Events
from fitglue_registry.sync.fetching.ask_for_parts import ask_for
from fitglue_registry.sync.fetching.read_ahead import RecordReadAhead
from fitglue_registry.sync.fetching.store_answers import keep_parts
from fitglue_registry.sync.reasons import reason_text

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Sequence

    from fitglue_registry.registry import EntryPart
    from fitglue_registry.store.records import RecordRow
    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.deriving.deriver import Derived
    from fitglue_registry.sync.deriving.pool import Pending
    from fitglue_registry.sync.fetching.answers import Answered, Derive
    from fitglue_registry.sync.run import Run

_UNLISTED = "not in the list, but still at the source"
_CANNOT_BE_ASKED = "no longer listed, and the source cannot be asked for a single record"


def confirm_missing(run: Run, asked: Collection[str] = ()) -> Generator[Event, None, set[str]]:
    """Settle every record that is marked as missing: it is still there, a stub, or gone.

    A record whose confirmation fails stays missing, and the next sync asks again.

    Args:
        run: The run.
        asked: External ids that this run has already asked for; they are left out.

    Yields:
        A decision for each record that is settled.

    Returns:
        The external ids that were asked for now.
    """
    context = run.context
    with context.database.read() as db:
        marked = records_in_state(db, context.connection_id, RecordState.MISSING)
    missing = [record for record in marked if record.external_id not in asked]
    part = _confirming_part(context)
    if part is not None:
        yield from _ask_by_id(run, part, missing)
    else:
        yield from _mark_unconfirmed_as_gone(run, missing)
    return {record.external_id for record in missing}


def _mark_unconfirmed_as_gone(run: Run, missing: Sequence[RecordRow]) -> Events:
    """Mark missing records as gone if their source cannot be asked for a single record."""
    for record in missing:
        unavailable = Unavailable(
            record.external_id,
            PartName.SUMMARY,
            UnavailableState.GONE,
            "FG-not-at-source",
            _CANNOT_BE_ASKED,
        )
        yield from _mark_as_gone(run, record, unavailable)


def _confirming_part(context: SyncContext) -> EntryPart | None:
    """Return the part whose answer proves whether a record exists (``confirms`` in the entry)."""
    for part in context.entry.parts:
        if part.confirms:
            return part
    return None


def _ask_by_id(
    run: Run,
    part: EntryPart,
    missing: Sequence[RecordRow],
) -> Events:
    if not missing:
        return
    context = run.context
    with context.database.read() as db:
        in_quarantine = {record.id for record in quarantined(db, context.connection_id)}
    by_id = {record.external_id: record for record in missing}
    record_of = {record.external_id: record.id for record in missing}
    with closing(Pool(context)) as pool:
        records = RecordReadAhead(
            context,
            record_of,
            pool,
        )
        for batch in ask_for(context, part, list(by_id), _without_reasons(records)):
            for answered in batch:
                record = by_id[answered.external_id]
                is_quarantined = record.id in in_quarantine
                yield from _settle(run, record, answered, is_quarantined=is_quarantined)


def _without_reasons(records: RecordReadAhead) -> Derive:
    """Return the function that derives a record from a part, and not from the reason for none."""

    def derive(item: Part | Unavailable) -> Derived | Pending | None:
        # The answer "unavailable" is about the record here, and not about one of its parts.
        if isinstance(item, Unavailable):
            return None
        return records.derive(item)

    return derive


def _settle(
    run: Run,
    record: RecordRow,
    answered: Answered,
    *,
    is_quarantined: bool,
) -> Events:
    """Store what the source answered about one missing record."""
    item = answered.item
    if isinstance(item, Part):
        assert answered.derived is not None
        yield from _mark_as_unlisted(run, record, item, answered.derived.checked())
    elif isinstance(item, FitglueError):
        reason = f"to be confirmed: {item.what}"
        yield Decided(run.context.name, record.external_id, RunDecision.NOT_FETCHED, reason)
    elif item.state == UnavailableState.STUB:
        yield from _mark_as_stub(run, record, item)
    # "None" normally means that the record exists without this part. But a record in quarantine was
    # never understood, for example a row without an id of an activity. If the list no longer has it
    # and the source has nothing under its id, nothing will ever release it from quarantine.
    elif item.state == UnavailableState.GONE or (
        item.state == UnavailableState.NONE and is_quarantined
    ):
        yield from _mark_as_gone(run, record, item)


def _mark_as_unlisted(
    run: Run,
    record: RecordRow,
    part: Part,
    derived: Derived,
) -> Events:
    """Store that a record exists although no list shows it, and the part that proves it."""
    name = run.context.name
    changes: dict[str, Any] = {"state": RecordState.UNLISTED}
    # Its start may have been edited, which is why its old window no longer shows it. An unlisted
    # record is not expected in any window, so the next listings do not report it as missing again.
    if derived.encoded:
        changes["start_local"] = derived.start
    with run.transaction() as transaction:
        keep_parts(transaction, part.part, {record.id: (part, derived)})
        transaction.decide(RunDecision.CONFIRMED, record.id, _UNLISTED)
        update_record(transaction.db, record.id, **changes)
        stored = store_derived(transaction, {record.id: derived})
        place_stored(transaction, stored)
    if derived.refused is not None:
        yield Decided(name, record.external_id, RunDecision.QUARANTINED, str(derived.refused))
    yield Decided(name, record.external_id, RunDecision.CONFIRMED, _UNLISTED)


def _mark_as_gone(
    run: Run,
    record: RecordRow,
    answer: Unavailable,
) -> Events:
    """Turn a record into a tombstone.

    Its raw parts and source activities stay in the store, but the latter no longer count. If the
    source lists the record again, they are members of the same activity again.
    """
    context = run.context
    athlete_id = context.athlete_id
    now = context.now
    with run.transaction() as transaction:
        db = transaction.db
        update_record(
            db,
            record.id,
            state=RecordState.GONE,
            gone_at=now,
            reason=reason_text(answer),
        )
        transaction.decide(RunDecision.GONE, record.id, answer.reason)
        # The raw parts are kept, but nobody needs to repair a record that no longer exists.
        release(db, [record.id])
        # In the same transaction: the activity loses this member, or is gone with it.
        ids = ids_of_records(db, [record.id])
        context.matcher.rematch(db, athlete_id, ids, now)
    yield Decided(context.name, record.external_id, RunDecision.GONE, answer.reason)


def _mark_as_stub(
    run: Run,
    record: RecordRow,
    answer: Unavailable,
) -> Events:
    """Turn a record that the source no longer delivers into a stub."""
    with run.transaction() as transaction:
        reason = reason_text(answer)
        update_record(
            transaction.db,
            record.id,
            state=RecordState.STUB,
            reason=reason,
        )
        transaction.decide(RunDecision.STUB, record.id, answer.reason)
    yield Decided(run.context.name, record.external_id, RunDecision.STUB, answer.reason)
