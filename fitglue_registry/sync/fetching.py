"""Takes wanted parts from the queue, newest first: the answers to one request and what follows from them in one transaction."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.errors import FitglueError
from fitglue_registry.hookspecs import Body, Part, Unavailable
from fitglue_registry.store import records
from fitglue_registry.store.activities import Stored, put_source_activities
from fitglue_registry.store.prepared import chunks
from fitglue_registry.store.records import load_records, with_part
from fitglue_registry.sync import events
from fitglue_registry.sync.asking import Answered, ask_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.hookspecs import Record, Window
    from fitglue_registry.registry.entry import Part as PartEntry
    from fitglue_registry.store.runs import RunLog
    from fitglue_registry.sync.context import Context
    from fitglue_registry.sync.derive import Derived

#: After so many tries a part is left alone until the next walk through the whole history.
_MOST_TRIES = 5
#: So many records are read ahead of the answers that complete them.
_READ_AHEAD = 64
#: So many wanted parts are looked up at a time: what waits in memory does not grow with the history.
_PAGE = 1_000


def fetch_part(context: Context, log: RunLog, part: PartEntry, ask_in: Window | None) -> Iterator[events.Event]:
    """Fetch one part of every record that wants it, and of those of a window that were never asked for it."""
    if ask_in is not None:
        _want_where_unknown(context, part, ask_in)
    with context.database.read() as db:
        total = records.count_wanted(db, context.connected.id, part.name)
    if total:
        yield events.PartsPlanned(context.connected.name, part.name, total)
    done = 0
    still_wanted: set[str] = set()  # asked for in this run in vain: the newest of what is wanted, on every later page
    while record_of := _next_page(context, part, still_wanted):
        for batch in ask_for(context, part, list(record_of), Shelf(context, record_of).derive):
            sound = list(takewhile(_is_sound, batch))
            said = store_answers(context, log, part.name, record_of, sound)
            for answered in sound:
                done += 1
                if answered.external_id in said:
                    yield said[answered.external_id]
                yield events.PartStored(context.connected.name, part.name, answered.external_id, done, max(done, total))
            still_wanted.update(answered.external_id for answered in sound if _waits_on(answered))
            for answered in batch[len(sound) :]:  # what was answered before it is stored; the rest stays wanted
                assert answered.derived is not None
                answered.derived.checked()


def _next_page(context: Context, part: PartEntry, still_wanted: set[str]) -> dict[str, int]:
    """External id → record of the newest that want a part and were not asked for it yet; a page of a history of any length."""
    with context.database.read() as db:
        wanted = records.wanted_parts(db, context.connected.id, part.name, _PAGE + len(still_wanted))
    return {external_id: record_id for record_id, external_id in wanted if external_id not in still_wanted}


def _is_sound(answered: Answered) -> bool:
    return answered.derived is None or answered.derived.failure is None


def _waits_on(answered: Answered) -> bool:
    item = answered.item
    return isinstance(item, FitglueError) or (isinstance(item, Unavailable) and item.state == "later")


def _want_where_unknown(context: Context, part: PartEntry, window: Window) -> None:
    with context.database.read() as db:
        lacks = records.lacks_part(db, context.connected.id, part.name, window)
    if lacks:
        with context.database.write() as db:
            records.want_where_unknown(db, context.connected.id, part.name, window)


class Shelf:
    """The records that wait for an answer, read some at a time in the order in which they are asked for; safe among lanes."""

    def __init__(self, context: Context, record_of: Mapping[str, int]) -> None:
        self._context = context
        self._record_of = record_of
        self._order = list(record_of)
        self._place = {external_id: place for place, external_id in enumerate(self._order)}
        self._read: dict[str, Record] = {}
        self._taken: set[str] = set()
        self._lock = threading.Lock()

    def derive(self, item: Part | Unavailable) -> Derived | None:
        """What the record says with this answer; ``None`` of a record that nobody asked for, and where it says nothing new."""
        if item.external_id not in self._place or (isinstance(item, Unavailable) and item.state == "later"):
            return None
        record = self._take(item.external_id)
        received_at = None
        if isinstance(item, Part):
            body = Body(item.content, item.encoding, item.decoded)
            record = with_part(record, item.part, body, self._context.clock.now())
            received_at = records.received_at(record, item.part)
        else:
            record = replace(record, unavailable={**record.unavailable, item.part: item.reason})
        return replace(self._context.deriver.derive(self._context.entry, record, here=True), received_at=received_at)

    def _take(self, external_id: str) -> Record:
        with self._lock:
            if external_id not in self._read:
                start = self._place[external_id]
                ahead = self._order[start : start + _READ_AHEAD]
                keys = [(self._record_of[one], one) for one in ahead if one == external_id or one not in self._read.keys() | self._taken]
                self._read.update(load(self._context, keys))
            self._taken.add(external_id)
            return self._read.pop(external_id)


def load(context: Context, keys: Sequence[tuple[int, str]]) -> dict[str, Record]:
    """The records of these (id, external id) by their external ids, with all their newest parts."""
    with context.database.read() as db:
        loaded = load_records(db, context.raws, context.entry.id, context.connected.account, keys)
    return {record.external_id: record for record in loaded.values()}


def store_answers(context: Context, log: RunLog, part: str, record_of: Mapping[str, int],
                  batch: Sequence[Answered]) -> dict[str, events.Decided]:
    """Store the answers of one request and everything that follows from them; what there is to say of each id comes back."""
    said: dict[str, events.Decided] = {}
    plain = [one.item.content for one in batch if isinstance(one.item, Part) and one.item.encoding == "identity"]
    with context.writing(log) as db:
        if part not in records.BLOB_PARTS:
            context.raws.learn(db, context.entry.id, part, plain)
        stored = [_store_answer(context, log, db, part, record_of[one.external_id], one, said) for one in batch]
        place_derived(context, db, stored)
    return said


def _store_answer(context: Context, log: RunLog, db: Db, part: str, record_id: int, answered: Answered,
                  said: dict[str, events.Decided]) -> Stored | None:
    item, derived = answered.item, answered.derived and answered.derived.checked()
    if isinstance(item, FitglueError):
        _note_failure(context, log, db, part, record_id, item)
        decision: events.Decided | None = events.Decided(
            context.connected.name, answered.external_id, "not-fetched", f"{part}: {item.what}")
    elif isinstance(item, Unavailable):
        _note_unavailable(context, log, db, record_id, item)
        decision = events.Decided(context.connected.name, answered.external_id, f"no {part}", item.reason)
    else:
        keep_part(context, db, record_id, item, derived)
        decision = None
        if derived is not None and derived.refused:
            decision = events.Decided(context.connected.name, answered.external_id, "quarantined", str(derived.refused))
    if decision is not None:
        said[answered.external_id] = decision
    return None if derived is None else store_derived(context, log, db, record_id, derived)


def keep_part(context: Context, db: Db, record_id: int, part: Part, derived: Derived | None) -> None:
    """Keep the bytes of a part, and say that it is there."""
    received_at = derived.received_at if derived is not None else None
    body = Body(part.content, part.encoding)
    raw_id = context.raws.put(db, record_id, context.entry.id, part.part, body, now=received_at or context.now)
    records.set_part(db, record_id, part.part, state="have", raw_id=raw_id)


def _note_failure(context: Context, log: RunLog, db: Db, part: str, record_id: int, error: FitglueError) -> None:
    tries = records.part_tries(db, record_id, part) + 1
    state = "failed" if tries >= _MOST_TRIES else "wanted"
    records.set_part(db, record_id, part, state=state, code=error.code, reason=error.what, tried=True)
    log.decide(db, context.now, "not-fetched", record_id, f"{part}: {error.what}")


def _note_unavailable(context: Context, log: RunLog, db: Db, record_id: int, said: Unavailable) -> None:
    """Write down that a part will not come, or not now, and why."""
    # "stub" is for the list to say: a part that is refused makes no stub of a record that is listed as native.
    if said.state == "gone":
        records.update_record(db, record_id, state="missing")
    state = "wanted" if said.state == "later" else "none"
    records.set_part(db, record_id, said.part, state=state, code=said.code, reason=said.reason, tried=True)
    # A part that is gone asks for a confirmation, whose word it is whether the record is.
    decision = {"gone": "missing", "later": "later"}.get(said.state, f"no-{said.part}")
    log.decide(db, context.now, decision, record_id, said.reason)


def store_derived(context: Context, log: RunLog, db: Db, record_id: int, derived: Derived) -> Stored | None:
    """Store what was made of a record, or keep it aside; its activities are for ``place_derived`` to bring up to date."""
    if derived.refused is not None:
        quarantine(context, log, db, record_id, derived.refused)
        return None
    if records.release(db, record_id):
        log.decide(db, context.now, "released", record_id)
    return put_source_activities(db, record_id, context.connected.athlete_id, derived.prepared, plugin=context.entry.plugin.name,
                                 plugin_version=context.plugin_version, now=context.now)


def place_derived(context: Context, db: Db, every: Sequence[Stored | None]) -> None:
    """Match anew what changed in what decides about matches; merge again what only says something else."""
    rematch = [stored for stored in every if stored is not None and stored.rematch]
    remerge = [one for stored in every if stored is not None and not stored.rematch for one in stored.legs]
    athlete_id, now = context.connected.athlete_id, context.now
    if rematch:
        affected = {activity_id for stored in rematch for activity_id in stored.affected}
        context.matcher.place(db, athlete_id, [number for stored in rematch for number in stored.ids], now, affected)
    if remerge:
        context.matcher.remerge(db, athlete_id, remerge, now)


def quarantine(context: Context, log: RunLog, db: Db, record_id: int, refused: FitglueError) -> None:
    """Keep a record aside with the reason, until it or its plugin changes."""
    news = records.put_in_quarantine(db, record_id, stage="normalize", error=refused.as_dict(), plugin=context.entry.plugin.name,
                                     plugin_version=context.plugin_version, now=context.now)
    if news:
        log.decide(db, context.now, "quarantined", record_id, str(refused))


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
    for some in chunks(waiting):
        loaded = load(context, [(one.id, one.external_id) for one in some])
        for one, derived in zip(some, context.deriver.derive_all(context.entry, [loaded[one.external_id] for one in some]), strict=True):
            with context.writing(log) as db:
                place_derived(context, db, [store_derived(context, log, db, one.id, derived)])
            said = ("quarantined", str(derived.refused)) if derived.refused else ("released", None)
            yield events.Decided(context.connected.name, one.external_id, *said)
