"""Asks for vanished records by id before they become tombstones: absence from one list is no proof of a deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError
from fitglue_registry.hookspecs import Part, Unavailable
from fitglue_registry.store import records
from fitglue_registry.store.activities import ids_of_records
from fitglue_registry.sync import events
from fitglue_registry.sync.asking import ask_for
from fitglue_registry.sync.fetching import reason_of, store_part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.store.records import Known
    from fitglue_registry.store.runs import RunLog
    from fitglue_registry.sync.context import Context


def confirm_missing(context: Context, log: RunLog, asked: set[str]) -> Iterator[events.Event]:
    """Settle every record that is marked as missing: still there, a stub now, or gone. Of those ``asked`` in this run none is again."""
    with context.database.read() as db:
        marked = records.records_in_state(db, context.connected.id, "missing")
    missing = [known for known in marked if known.external_id not in asked]
    asked.update(known.external_id for known in missing)
    part = next((part for part in context.entry.parts if part.confirms), None)
    if not missing:
        return
    if part is None:
        for known in missing:
            reason = "not listed any more, and the source can be asked for no single record"
            yield from _bury(context, log, known, Unavailable(known.external_id, "summary", "gone", "FG-not-at-source", reason))
        return
    with context.database.read() as db:
        unread = {held.external_id for held in records.quarantined(db, context.connected.id)}
    by_id: dict[str, Known] = {known.external_id: known for known in missing}
    for external_id, item in ask_for(context, part, list(by_id)):
        known = by_id[external_id]
        if isinstance(item, Part):
            yield from store_part(context, log, known.id, item, confirmed=True)
            yield events.Decided(context.connected.name, external_id, "confirmed", "not in the list, and still at the source")
        elif isinstance(item, FitglueError):
            yield events.Decided(context.connected.name, external_id, "not-fetched", f"to be confirmed: {item.what}")
        elif item.state == "gone":
            yield from _bury(context, log, known, item)
        elif item.state == "stub":
            yield from _becomes_stub(context, log, known, item)
        elif item.state == "none" and known.external_id in unread:
            # Nothing was ever understood of it, the list has it no more, and by id there is nothing to ask for.
            yield from _bury(context, log, known, item)


def _bury(context: Context, log: RunLog, known: Known, said: Unavailable) -> Iterator[events.Event]:
    """The tombstone: the record stays with what was kept of it, its source activities no longer count."""
    now = context.now
    with context.writing(log) as db:
        records.update_record(db, known.id, state="gone", gone_at=now, reason=reason_of(said))
        log.decide(db, now, "gone", known.id, said.reason)
        records.release(db, known.id)  # what it said is kept, and nobody needs to mend it any more
        context.matcher.place(db, context.connected.athlete_id, ids_of_records(db, [known.id]), now)
    yield events.Decided(context.connected.name, known.external_id, "gone", said.reason)


def _becomes_stub(context: Context, log: RunLog, known: Known, said: Unavailable) -> Iterator[events.Event]:
    with context.writing(log) as db:
        records.update_record(db, known.id, state="stub", reason=reason_of(said))
        log.decide(db, context.now, "stub", known.id, said.reason)
    yield events.Decided(context.connected.name, known.external_id, "stub", said.reason)
