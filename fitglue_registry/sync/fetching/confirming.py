"""Asks for vanished records by id before they become tombstones: absence from one list is no proof
of a deletion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import FitglueError
from fitglue_registry.model.stored import PartName, RecordState, RunDecision
from fitglue_registry.plugin_api import Part, Unavailable, UnavailableState
from fitglue_registry.store.quarantine import quarantined, release
from fitglue_registry.store.records import records_in_state, update_record
from fitglue_registry.store.source_activity_search import ids_of_records
from fitglue_registry.sync.deriving.store_derived import place_stored, store_derived
from fitglue_registry.sync.events import Decided, Event, Events
from fitglue_registry.sync.fetching.ask_for_parts import ask_for
from fitglue_registry.sync.fetching.read_ahead import RecordReadAhead
from fitglue_registry.sync.fetching.store_answers import keep_part
from fitglue_registry.sync.reasons import reason_text

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Sequence

    from fitglue_registry.registry import EntryPart
    from fitglue_registry.store.records import RecordRow
    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.deriving.deriver import Derived
    from fitglue_registry.sync.deriving.pool import Pending
    from fitglue_registry.sync.fetching.answers import Answered
    from fitglue_registry.sync.run import Run

_UNLISTED = "not in the list, and still at the source"
_CANNOT_BE_ASKED = "not listed any more, and the source can be asked for no single record"


def confirm_missing(run: Run, asked: Collection[str] = ()) -> Generator[Event, None, set[str]]:
    """Settle every record that is marked as missing: still there, a stub now, or gone.

    Of those ``asked`` in this run none is again; returns the ids that were.
    """
    context = run.context
    with context.database.read() as db:
        marked = records_in_state(db, context.connection_id, RecordState.MISSING)
    missing = [record for record in marked if record.external_id not in asked]
    part = _confirming_part(context)
    if part is not None:
        yield from _ask_by_id(run, part, missing)
    else:
        yield from _bury_unasked(run, missing)
    return {record.external_id for record in missing}


def _bury_unasked(run: Run, missing: Sequence[RecordRow]) -> Events:
    """What a source that cannot be asked by id does not list any more is gone."""
    for record in missing:
        unavailable = Unavailable(
            record.external_id,
            PartName.SUMMARY,
            UnavailableState.GONE,
            "FG-not-at-source",
            _CANNOT_BE_ASKED,
        )
        yield from _bury(run, record, unavailable)


def _confirming_part(context: SyncContext) -> EntryPart | None:
    """The part by which the source tells whether it has a record."""
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
        held = quarantined(db, context.connection_id)
    unread = {record.id for record in held}
    by_id = {record.external_id: record for record in missing}
    record_of = {record.external_id: record.id for record in missing}
    records = RecordReadAhead(context, record_of)

    def derive(item: Part | Unavailable) -> Derived | Pending | None:
        if isinstance(item, Unavailable):
            return None
        return records.derive(item)

    for batch in ask_for(context, part, list(by_id), derive):
        for answered in batch:
            record = by_id[answered.external_id]
            is_unread = record.id in unread
            yield from _settle(run, record, answered, is_unread=is_unread)


def _settle(
    run: Run,
    record: RecordRow,
    answered: Answered,
    *,
    is_unread: bool,
) -> Events:
    item = answered.item
    if isinstance(item, Part):
        assert answered.derived is not None
        yield from _is_there(run, record, item, answered.derived.checked())
    elif isinstance(item, FitglueError):
        reason = f"to be confirmed: {item.what}"
        yield Decided(run.context.name, record.external_id, RunDecision.NOT_FETCHED, reason)
    elif item.state == UnavailableState.STUB:
        yield from _becomes_stub(run, record, item)
    elif item.state == UnavailableState.GONE or (item.state == UnavailableState.NONE and is_unread):
        # Of the latter nothing was ever understood, the list has it no more, and by id there is
        # nothing to ask for.
        yield from _bury(run, record, item)


def _is_there(
    run: Run,
    record: RecordRow,
    part: Part,
    derived: Derived,
) -> Events:
    name = run.context.name
    changes: dict[str, Any] = {"state": RecordState.UNLISTED}
    if derived.encoded:
        changes["start_local"] = derived.start_local
    with run.transaction() as transaction:
        keep_part(transaction, record.id, part, derived)
        transaction.decide(RunDecision.CONFIRMED, record.id, _UNLISTED)
        update_record(transaction.db, record.id, **changes)
        stored = store_derived(transaction, record.id, derived)
        place_stored(transaction, [stored])
    if derived.refused is not None:
        yield Decided(name, record.external_id, RunDecision.QUARANTINED, str(derived.refused))
    yield Decided(name, record.external_id, RunDecision.CONFIRMED, _UNLISTED)


def _bury(
    run: Run,
    record: RecordRow,
    answer: Unavailable,
) -> Events:
    """The tombstone: the record stays with what was kept of it, its source activities no longer
    count.
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
        release(db, record.id)  # what it said is kept, and no further attempt is needed
        ids = ids_of_records(db, [record.id])
        context.matcher.place(db, athlete_id, ids, now)
    yield Decided(context.name, record.external_id, RunDecision.GONE, answer.reason)


def _becomes_stub(
    run: Run,
    record: RecordRow,
    answer: Unavailable,
) -> Events:
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
