"""Asks for vanished records by id before they become tombstones: absence from one list is no proof
of a deletion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError
from fitglue_registry.plugin_api import Part, Unavailable
from fitglue_registry.store.quarantine import quarantined, release
from fitglue_registry.store.records import records_in_state, update_record
from fitglue_registry.store.source_activity_search import ids_of_records
from fitglue_registry.sync import events
from fitglue_registry.sync.fetching.asking import ask_for
from fitglue_registry.sync.fetching.parts import Shelf
from fitglue_registry.sync.fetching.storing import (
    keep_part,
    place_derived,
    reason_of,
    store_derived,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.store.records import RecordRow
    from fitglue_registry.store.runs import RunLog
    from fitglue_registry.sync.context import Context
    from fitglue_registry.sync.deriving.deriver import Derived
    from fitglue_registry.sync.fetching.asking import Answered

_UNLISTED = "not in the list, and still at the source"


def confirm_missing(context: Context, log: RunLog, asked: set[str]) -> Iterator[events.Event]:
    """Settle every record that is marked as missing: still there, a stub now, or gone.

    Of those ``asked`` in this run none is again.
    """
    with context.database.read() as db:
        marked = records_in_state(db, context.connected.id, "missing")
    missing = [known for known in marked if known.external_id not in asked]
    asked.update(known.external_id for known in missing)
    part = next((part for part in context.entry.parts if part.confirms), None)
    if not missing:
        return
    if part is None:
        for known in missing:
            reason = "not listed any more, and the source can be asked for no single record"
            yield from _bury(
                context,
                log,
                known,
                Unavailable(known.external_id, "summary", "gone", "FG-not-at-source", reason),
            )
        return
    with context.database.read() as db:
        unread = {held.external_id for held in quarantined(db, context.connected.id)}
    by_id: dict[str, RecordRow] = {known.external_id: known for known in missing}
    shelf = Shelf(context, {known.external_id: known.id for known in missing})
    for batch in ask_for(
        context,
        part,
        list(by_id),
        lambda item: shelf.derive(item) if isinstance(item, Part) else None,
    ):
        for answered in batch:
            yield from _settle(context, log, by_id[answered.external_id], answered, unread)


def _settle(
    context: Context, log: RunLog, known: RecordRow, answered: Answered, unread: set[str]
) -> Iterator[events.Event]:
    item = answered.item
    if isinstance(item, Part):
        assert answered.derived is not None
        yield from _is_there(context, log, known, item, answered.derived.checked())
    elif isinstance(item, FitglueError):
        yield events.Decided(
            context.connected.name,
            known.external_id,
            "not-fetched",
            f"to be confirmed: {item.what}",
        )
    elif item.state == "stub":
        yield from _becomes_stub(context, log, known, item)
    elif item.state == "gone" or (item.state == "none" and known.external_id in unread):
        # Of the latter nothing was ever understood, the list has it no more, and by id there is
        # nothing to ask for.
        yield from _bury(context, log, known, item)


def _is_there(
    context: Context, log: RunLog, known: RecordRow, part: Part, derived: Derived
) -> Iterator[events.Event]:
    start = {"start_local": derived.prepared[0].figures["start_local"]} if derived.prepared else {}
    with context.writing(log) as db:
        keep_part(context, db, known.id, part, derived)
        log.decide(db, context.now, "confirmed", known.id, _UNLISTED)
        update_record(db, known.id, state="unlisted", **start)
        place_derived(context, db, [store_derived(context, log, db, known.id, derived)])
    if derived.refused:
        yield events.Decided(
            context.connected.name, known.external_id, "quarantined", str(derived.refused)
        )
    yield events.Decided(context.connected.name, known.external_id, "confirmed", _UNLISTED)


def _bury(
    context: Context, log: RunLog, known: RecordRow, said: Unavailable
) -> Iterator[events.Event]:
    """The tombstone: the record stays with what was kept of it, its source activities no longer
    count.
    """
    now = context.now
    with context.writing(log) as db:
        update_record(db, known.id, state="gone", gone_at=now, reason=reason_of(said))
        log.decide(db, now, "gone", known.id, said.reason)
        release(db, known.id)  # what it said is kept, and nobody needs to mend it any more
        context.matcher.place(db, context.connected.athlete_id, ids_of_records(db, [known.id]), now)
    yield events.Decided(context.connected.name, known.external_id, "gone", said.reason)


def _becomes_stub(
    context: Context, log: RunLog, known: RecordRow, said: Unavailable
) -> Iterator[events.Event]:
    with context.writing(log) as db:
        update_record(db, known.id, state="stub", reason=reason_of(said))
        log.decide(db, context.now, "stub", known.id, said.reason)
    yield events.Decided(context.connected.name, known.external_id, "stub", said.reason)
