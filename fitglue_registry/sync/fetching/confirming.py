"""Asks the source by id for records that vanished from its list, before they become tombstones.

Absence from a list does not prove a deletion. The start of the record may have been edited, or the
list may leave out records by mistake. A mistake of a service concerns many records, and may concern
its list and its other addresses alike, so many deletions are held until the athlete confirms them.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import FitglueError
from fitglue_registry.model.stored import PartName, RecordState, RunDecision
from fitglue_registry.plugin_api import Part, Unavailable, UnavailableState, Window
from fitglue_registry.store.quarantine import quarantined, release
from fitglue_registry.store.records import (
    count_existing,
    records_in_state,
    update_record,
)
from fitglue_registry.store.source_activity_search import ids_of_records
from fitglue_registry.sync.deriving.pool import Pool
from fitglue_registry.sync.deriving.store_derived import place_stored, store_derived
from fitglue_registry.sync.events import Decided, Events, held_event
from fitglue_registry.sync.fetching.ask_for_parts import ask_for
from fitglue_registry.sync.fetching.read_ahead import RecordReadAhead
from fitglue_registry.sync.fetching.store_answers import keep_parts
from fitglue_registry.sync.listing.deletion_limit import deletable_records, recent_deletions
from fitglue_registry.sync.reasons import confirmed_text, reason_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitglue_registry.registry import EntryPart
    from fitglue_registry.store.records import RecordRow
    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.deriving.deriver import Derived
    from fitglue_registry.sync.deriving.pool import Pending
    from fitglue_registry.sync.fetching.answers import Answered, Derive
    from fitglue_registry.sync.run import Run

_UNLISTED = "not in the list, but still at the source"
_CANNOT_BE_ASKED = (
    "no longer listed, or listed as deleted; the source cannot be asked for a single record"
)
_HELD = "its deletion is held, because many records vanished within 30 days"


def reported_as_held(context: SyncContext) -> set[str]:
    """Return the external ids of the records whose deletion the athlete can confirm.

    An earlier run has reported that their deletion is held. A record that a killed run has held,
    without asking for it and without a word about it, is not among them.
    """
    with context.database.read() as db:
        held = records_in_state(db, context.connection_id, RecordState.HELD)
    return {record.external_id for record in held if record.is_reported}


class Confirmation:
    """Settles every record that vanished: it is still there, a stub, gone, or held.

    A record whose confirmation fails stays as it is, and the next sync asks again.

    Args:
        run: The run, which knows the deletions that the athlete has confirmed.
    """

    def __init__(
        self,
        run: Run,
    ) -> None:
        self._run = run
        self._context = run.context
        # Each record is asked for once in a run.
        self._asked: set[str] = set()
        self._reported = 0

    def settle(self) -> Events:
        """Settle the records that have vanished until now, and yield a decision for each.

        Call it again when fetching a part has shown that more records may be gone.
        """
        vanished = self._to_ask()
        self._asked.update(record.external_id for record in vanished)
        gone: dict[int, Unavailable] = {}
        part = _confirming_part(self._context)
        if part is not None:
            yield from _ask_by_id(self._run, part, vanished, gone)
        else:
            gone.update(_unconfirmed(vanished))
        gone_records = [record for record in vanished if record.id in gone]
        yield from self._delete_confirmed(gone_records, gone)
        yield from self._delete_or_hold(gone_records, gone)
        yield from self._report()

    def _to_ask(self) -> list[RecordRow]:
        """Return the records that have vanished and were not asked for."""
        vanished = []
        for record in self._read(RecordState.MISSING, RecordState.HELD):
            external_id = record.external_id
            # A row in the list proves that the record exists, even if the list says that it is not
            # ready and nothing of it is stored.
            if external_id in self._asked or external_id in self._run.listed:
                continue
            # Nothing new is to be expected about a held record before the next full walk. Asking
            # for each of them in every sync would use up the budget.
            if self._is_confirmed(record) or not record.is_asked:
                vanished.append(record)
        return vanished

    def _is_confirmed(
        self,
        record: RecordRow,
    ) -> bool:
        return record.external_id in self._run.confirmed

    def _read(
        self,
        *states: RecordState,
    ) -> list[RecordRow]:
        with self._context.database.read() as db:
            return records_in_state(db, self._context.connection_id, *states)

    def _delete_confirmed(
        self,
        gone_records: Sequence[RecordRow],
        gone: Mapping[int, Unavailable],
    ) -> Events:
        """Delete the records whose deletion the athlete has confirmed, however many they are.

        The athlete was told how many deletions before them count, so these are confirmed, too.
        """
        confirmed = [record for record in gone_records if self._is_confirmed(record)]
        if confirmed:
            _confirm_earlier(self._run)
        for record in confirmed:
            yield from _mark_as_gone(self._run, record, gone[record.id], confirmed=True)

    def _delete_or_hold(
        self,
        gone_records: Sequence[RecordRow],
        gone: Mapping[int, Unavailable],
    ) -> Events:
        """Settle the other records that the source does not have."""
        records = [record for record in gone_records if not self._is_confirmed(record)]
        if not records:
            return
        deletable = self._deletable()
        for record in records:
            if record.id in deletable:
                yield from _mark_as_gone(self._run, record, gone[record.id], confirmed=False)
            else:
                yield from _hold(self._run, record, gone[record.id])

    def _deletable(self) -> set[int]:
        """Return the ids of the records that may be deleted if the source does not have them."""
        vanished = []
        for record in self._read(RecordState.MISSING, RecordState.HELD):
            if not self._is_confirmed(record):
                vanished.append((record, RecordState(record.state)))
        with self._context.database.read() as db:
            existing = count_existing(db, self._context.connection_id)
        return deletable_records(vanished, existing, self._count_recent())

    def _count_recent(self) -> int:
        """Return how many deletions count, those of this run included."""
        with self._context.database.read() as db:
            return len(recent_deletions(self._context, db, Window()))

    def _report(self) -> Events:
        """Yield how many deletions are held, if that has not been reported yet."""
        held = self._read(RecordState.HELD)
        if not held or len(held) == self._reported:
            return
        self._reported = len(held)
        yield held_event(self._context.name, held, recent=self._count_recent())


def _confirm_earlier(run: Run) -> None:
    """Note that the athlete has confirmed the deletions of the last days.

    They no longer count towards the limit.
    """
    with run.transaction() as transaction:
        for record in recent_deletions(run.context, transaction.db, Window()):
            update_record(transaction.db, record.id, reason=confirmed_text(record.reason))


def _unconfirmed(missing: Sequence[RecordRow]) -> dict[int, Unavailable]:
    """Return the reason for records whose source cannot be asked for a single one, by their ids."""
    reasons = {}
    for record in missing:
        reasons[record.id] = Unavailable(
            record.external_id,
            PartName.SUMMARY,
            UnavailableState.GONE,
            "FG-not-at-source",
            _CANNOT_BE_ASKED,
        )
    return reasons


def _confirming_part(context: SyncContext) -> EntryPart | None:
    """Return the part whose answer proves whether a record exists (``confirms`` in the entry)."""
    for part in context.entry.parts:
        if part.confirms:
            return part
    return None


def _ask_by_id(
    run: Run,
    part: EntryPart,
    vanished: Sequence[RecordRow],
    gone: dict[int, Unavailable],
) -> Events:
    """Ask for records by id, settle those that exist, and add the others to ``gone``."""
    if not vanished:
        return
    context = run.context
    with context.database.read() as db:
        in_quarantine = {record.id for record in quarantined(db, context.connection_id)}
    by_id = {record.external_id: record for record in vanished}
    record_of = {record.external_id: record.id for record in vanished}
    with closing(Pool(context)) as pool:
        records = RecordReadAhead(
            context,
            record_of,
            pool,
        )
        for batch in ask_for(context, part, list(by_id), _without_reasons(records)):
            for answered in batch:
                record = by_id[answered.external_id]
                item = answered.item
                if isinstance(item, Unavailable) and _is_gone(
                    item, is_quarantined=record.id in in_quarantine
                ):
                    gone[record.id] = item
                else:
                    yield from _settle(run, record, answered)


def _is_gone(
    answer: Unavailable,
    *,
    is_quarantined: bool,
) -> bool:
    """Return whether an answer says that a record does not exist.

    "None" normally means that the record exists without this part. But a record in quarantine was
    never understood, for example a row without an id of an activity. If the list no longer has it
    and the source has nothing under its id, nothing will ever release it from quarantine.
    """
    if answer.state == UnavailableState.GONE:
        return True
    return answer.state == UnavailableState.NONE and is_quarantined


def _without_reasons(records: RecordReadAhead) -> Derive:
    """Return the function that derives a record from a part, and not from the reason for none."""

    def derive(
        item: Part | Unavailable,
        others: Sequence[Part],
    ) -> Derived | Pending | None:
        # The answer "unavailable" is about the record here, and not about one of its parts.
        if isinstance(item, Unavailable):
            return None
        return records.derive(item, others)

    return derive


def _settle(
    run: Run,
    record: RecordRow,
    answered: Answered,
) -> Events:
    """Store what the source answered about one record that it does not report as gone."""
    item = answered.item
    if isinstance(item, Part):
        assert answered.derived is not None
        yield from _mark_as_unlisted(run, record, answered.parts, answered.derived.checked())
    elif isinstance(item, FitglueError):
        reason = f"to be confirmed: {item.what}"
        yield Decided(run.context.name, record.external_id, RunDecision.NOT_FETCHED, reason)
    elif item.state == UnavailableState.STUB:
        yield from _mark_as_stub(run, record, item)


def _mark_as_unlisted(
    run: Run,
    record: RecordRow,
    parts: Sequence[Part],
    derived: Derived,
) -> Events:
    """Store that a record exists although no list shows it, and the parts that prove it."""
    name = run.context.name
    changes: dict[str, Any] = {"state": RecordState.UNLISTED}
    # Its start may have been edited, which is why its old window no longer shows it. An unlisted
    # record is not expected in any window, so the next listings do not report it as missing again.
    if derived.encoded:
        changes["start_local"] = derived.start
    with run.transaction() as transaction:
        for part in parts:
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
    *,
    confirmed: bool,
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
            reason=reason_text(answer, confirmed=confirmed),
        )
        transaction.decide(RunDecision.GONE, record.id, answer.reason)
        # The raw parts are kept, but nobody needs to repair a record that no longer exists.
        release(db, [record.id])
        # In the same transaction: the activity loses this member, or is gone with it.
        ids = ids_of_records(db, [record.id])
        context.matcher.rematch(db, athlete_id, ids, now)
    yield Decided(context.name, record.external_id, RunDecision.GONE, answer.reason)


def _hold(
    run: Run,
    record: RecordRow,
    answer: Unavailable,
) -> Events:
    """Keep a record that the source does not have, until the athlete confirms its deletion."""
    reason = f"{answer.reason}; {_HELD}"
    with run.transaction() as transaction:
        update_record(
            transaction.db,
            record.id,
            state=RecordState.HELD,
            reason=reason_text(answer),
        )
        transaction.decide(RunDecision.HELD, record.id, reason)
    yield Decided(run.context.name, record.external_id, RunDecision.HELD, reason)


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
