"""Takes wanted parts from the queue, newest first: a record's part, what follows from it, and the part's state in one transaction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.errors import FitglueError
from fitglue_registry.hookspecs import Body, Part, Unavailable
from fitglue_registry.store import records
from fitglue_registry.store.activities import Prepared, put_source_activities
from fitglue_registry.store.records import Known, chunks, load_records, received_text, with_part
from fitglue_registry.sync import events
from fitglue_registry.sync.asking import ask_for
from fitglue_registry.sync.derive import goes_to_quarantine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.hookspecs import Record, Window
    from fitglue_registry.registry.entry import Part as PartEntry
    from fitglue_registry.store.runs import RunLog
    from fitglue_registry.sync.context import Context

#: After so many tries a part is left alone until the next walk through the whole history.
_MOST_TRIES = 5


def fetch_part(context: Context, log: RunLog, part: PartEntry, ask_in: Window | None) -> Iterator[events.Event]:
    """Fetch one part of every record that wants it, and of those of a window that were never asked for it."""
    if ask_in is not None:
        _want_where_unknown(context, part, ask_in)
    with context.database.read() as db:
        wanted = records.wanted_parts(db, context.connected.id, part.name)
    if not wanted:
        return
    record_of = {external_id: record_id for record_id, external_id in wanted}
    yield events.PartsPlanned(context.connected.name, part.name, len(wanted))
    for done, (external_id, item) in enumerate(ask_for(context, part, list(record_of)), start=1):
        if isinstance(item, Part):
            yield from store_part(context, log, record_of[external_id], item)
        elif isinstance(item, Unavailable):
            yield from store_unavailable(context, log, record_of[external_id], item)
        else:
            yield _not_fetched(context, log, part.name, record_of[external_id], external_id, item)
        yield events.PartStored(context.connected.name, part.name, external_id, done, len(wanted))


def _want_where_unknown(context: Context, part: PartEntry, window: Window) -> None:
    with context.database.read() as db:
        lacks = records.lacks_part(db, context.connected.id, part.name, window)
    if lacks:
        with context.database.write() as db:
            records.want_where_unknown(db, context.connected.id, part.name, window)


def _not_fetched(context: Context, log: RunLog, part: str, record_id: int, external_id: str, error: FitglueError) -> events.Decided:
    with context.writing(log) as db:
        tries = records.part_tries(db, record_id, part) + 1
        state = "failed" if tries >= _MOST_TRIES else "wanted"
        records.set_part(db, record_id, part, state=state, code=error.code, reason=error.what, tried=True)
        log.decide(db, context.now, "not-fetched", record_id, f"{part}: {error.what}")
    return events.Decided(context.connected.name, external_id, "not-fetched", f"{part}: {error.what}")


def store_part(context: Context, log: RunLog, record_id: int, part: Part, *, confirmed: bool = False) -> Iterator[events.Event]:
    """Store one part and everything that follows from it."""
    body = Body(part.content, part.encoding)
    record = with_part(_load(context, record_id, part.external_id), part.part, body, context.clock.now())
    prepared, refused = _derive(context, record)
    with context.writing(log) as db:
        raw_id = context.raws.put(db, record_id, context.entry.id, part.part, body, now=received_text(record, part.part))
        records.set_part(db, record_id, part.part, state="have", raw_id=raw_id)
        if confirmed:
            log.decide(db, context.now, "confirmed", record_id, "not in the list, and still at the source")
            start = {"start_local": prepared[0].figures["start_local"]} if prepared else {}
            records.update_record(db, record_id, state="unlisted", **start)
        _store_derived(context, log, db, record_id, prepared, refused)
    if refused:
        yield events.Decided(context.connected.name, part.external_id, "quarantined", str(refused))


def _load(context: Context, record_id: int, external_id: str) -> Record:
    with context.database.read() as db:
        return load_records(db, context.raws, context.entry.id, context.connected.account, [(record_id, external_id)])[record_id]


def _derive(context: Context, record: Record) -> tuple[list[Prepared] | None, FitglueError | None]:
    try:
        return context.deriver.derive(context.entry, record), None
    except FitglueError as error:
        if not goes_to_quarantine(error):
            raise
        return None, error


def _store_derived(context: Context, log: RunLog, db: Db, record_id: int, prepared: list[Prepared] | None,
                   refused: FitglueError | None) -> None:
    now, plugin = context.now, context.entry.plugin.name
    if refused is not None:
        quarantine(context, log, db, record_id, refused)
        return
    if records.release(db, record_id):
        log.decide(db, now, "released", record_id)
    stored = put_source_activities(db, record_id, context.connected.athlete_id, prepared or [], plugin=plugin,
                                   plugin_version=context.plugin_version, now=now)
    if stored.rematch:
        context.matcher.place(db, context.connected.athlete_id, stored.ids, now, stored.affected)
    else:
        context.matcher.remerge(db, context.connected.athlete_id, stored.ids, now)


def quarantine(context: Context, log: RunLog, db: Db, record_id: int, refused: FitglueError) -> None:
    """Keep a record aside with the reason, until it or its plugin changes."""
    news = records.put_in_quarantine(db, record_id, stage="normalize", error=refused.as_dict(), plugin=context.entry.plugin.name,
                                     plugin_version=context.plugin_version, now=context.now)
    if news:
        log.decide(db, context.now, "quarantined", record_id, str(refused))


def store_unavailable(context: Context, log: RunLog, record_id: int, said: Unavailable) -> Iterator[events.Event]:
    """Write down that a part will not come, or not now, and why; what will not come is said in the source activity too."""
    final = said.state != "later"
    record = _load(context, record_id, said.external_id)
    if final:
        record = replace(record, unavailable={**record.unavailable, said.part: said.reason})
    prepared, refused = _derive(context, record)
    with context.writing(log) as db:
        # "stub" is for the list to say: a part that is refused makes no stub of a record that is listed as native.
        if said.state == "gone":
            records.update_record(db, record_id, state="missing")
        records.set_part(db, record_id, said.part, state="none" if final else "wanted", code=said.code, reason=said.reason, tried=True)
        log.decide(db, context.now, f"no-{said.part}" if said.state == "none" else said.state, record_id, said.reason)
        _store_derived(context, log, db, record_id, prepared, refused)
    yield events.Decided(context.connected.name, said.external_id, f"no {said.part}", said.reason)


def reason_of(said: Unavailable) -> str:
    """The reason of a stub or a tombstone, as a record keeps it."""
    return msgspec.json.encode({"code": said.code, "reason": said.reason, "fix": said.fix}).decode()


def retry_quarantine(context: Context, log: RunLog, *, everything: bool = False) -> Iterator[events.Event]:
    """Try again what another version of the plugin refused (or ``everything``): the raw parts are all there."""
    version = None if everything else context.plugin_version
    if version is None and not everything:
        return
    with context.database.read() as db:
        waiting = records.quarantined(db, context.connected.id, not_version=version)
    yield from derive_again(context, log, waiting, "released")


def derive_again(context: Context, log: RunLog, known: Sequence[Known], decision: str) -> Iterator[events.Event]:
    """Normalize records from their raw parts once more; each is one transaction."""
    for some in chunks(known):
        with context.database.read() as db:
            keys = [(one.id, one.external_id) for one in some]
            loaded = load_records(db, context.raws, context.entry.id, context.connected.account, keys)
        for one in some:
            prepared, refused = _derive(context, loaded[one.id])
            with context.writing(log) as db:
                _store_derived(context, log, db, one.id, prepared, refused)
                if refused is None and decision != "released":
                    log.decide(db, context.now, decision, one.id)
            said = ("quarantined", str(refused)) if refused else (decision, None)
            yield events.Decided(context.connected.name, one.external_id, *said)
