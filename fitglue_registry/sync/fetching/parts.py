"""Takes wanted parts from the queue, newest first, and derives what follows from the answers while
they come.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError
from fitglue_registry.plugin_api import Body, Part, Unavailable
from fitglue_registry.store.parts import count_wanted, lacks_part, want_where_unknown, wanted_parts
from fitglue_registry.store.quarantine import quarantined
from fitglue_registry.store.record_values import load_records, received_text, with_part
from fitglue_registry.sync import events
from fitglue_registry.sync.deriving.pool import pool_for
from fitglue_registry.sync.deriving.workers import batches_of, derive_batches
from fitglue_registry.sync.fetching.asking import Answered, ask_for
from fitglue_registry.sync.fetching.storing import place_derived, store_answers, store_derived

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fitglue_registry.plugin_api import Record, Window
    from fitglue_registry.registry import Part as PartEntry
    from fitglue_registry.store.records import RecordRow
    from fitglue_registry.store.runs import RunLog
    from fitglue_registry.sync.context import Context
    from fitglue_registry.sync.deriving.deriver import Derived
    from fitglue_registry.sync.deriving.pool import Pending, Pool

#: So many records are read ahead of the answers that complete them.
_READ_AHEAD = 64
#: So many wanted parts are looked up at a time: what waits in memory does not grow with the
#: history.
_PAGE = 1_000


def fetch_part(
    context: Context, log: RunLog, part: PartEntry, ask_in: Window | None
) -> Iterator[events.Event]:
    """Fetch one part of every record that wants it, and of those of a window that were never asked
    for it.
    """
    if ask_in is not None:
        _want_where_unknown(context, part, ask_in)
    with context.database.read() as db:
        total = count_wanted(db, context.connected.id, part.name)
    if total:
        yield events.PartsPlanned(context.connected.name, part.name, total)
    with pool_for(context, part, total) as pool:
        yield from _fetch(context, log, part, total, pool)


def _fetch(
    context: Context, log: RunLog, part: PartEntry, total: int, pool: Pool | None
) -> Iterator[events.Event]:
    done = 0
    # Asked for in this run in vain: the newest of what is wanted, on every later page.
    still_wanted: set[str] = set()
    while record_of := _next_page(context, part, still_wanted):
        for batch in ask_for(
            context, part, list(record_of), Shelf(context, record_of, pool).derive
        ):
            sound = list(takewhile(_is_sound, batch))
            said = store_answers(context, log, part.name, record_of, sound)
            for answered in sound:
                done += 1
                if answered.external_id in said:
                    yield said[answered.external_id]
                yield events.PartStored(
                    context.connected.name, part.name, answered.external_id, done, max(done, total)
                )
            still_wanted.update(answered.external_id for answered in sound if _waits_on(answered))
            # What was answered before it is stored; the rest stays wanted.
            for answered in batch[len(sound) :]:
                assert answered.derived is not None
                answered.derived.checked()


def _next_page(context: Context, part: PartEntry, still_wanted: set[str]) -> dict[str, int]:
    """External id → record of the newest that want a part and were not asked for it yet; a page of
    a history of any length.
    """
    with context.database.read() as db:
        wanted = wanted_parts(db, context.connected.id, part.name, _PAGE + len(still_wanted))
    return {
        external_id: record_id
        for record_id, external_id in wanted
        if external_id not in still_wanted
    }


def _is_sound(answered: Answered) -> bool:
    return answered.derived is None or answered.derived.failure is None


def _waits_on(answered: Answered) -> bool:
    item = answered.item
    return isinstance(item, FitglueError) or (
        isinstance(item, Unavailable) and item.state == "later"
    )


def _want_where_unknown(context: Context, part: PartEntry, window: Window) -> None:
    with context.database.read() as db:
        lacks = lacks_part(db, context.connected.id, part.name, window)
    if lacks:
        with context.database.write() as db:
            want_where_unknown(db, context.connected.id, part.name, window)


class Shelf:
    """The records that wait for an answer, read some at a time in the order in which they are asked
    for; safe among lanes.
    """

    def __init__(
        self, context: Context, record_of: Mapping[str, int], pool: Pool | None = None
    ) -> None:
        self._context, self._pool = context, pool
        self._record_of = record_of
        self._order = list(record_of)
        self._place = {external_id: place for place, external_id in enumerate(self._order)}
        self._read: dict[str, Record] = {}
        self._taken: set[str] = set()
        self._lock = threading.Lock()

    def derive(self, item: Part | Unavailable) -> Derived | Pending | None:
        """What the record says with this answer, or a worker's promise of it.

        ``None`` of a record that nobody asked for, and where it says nothing new.
        """
        if item.external_id not in self._place or (
            isinstance(item, Unavailable) and item.state == "later"
        ):
            return None
        record = self._take(item.external_id)
        received_at = None
        if isinstance(item, Part):
            body = Body(item.content, item.encoding, item.decoded)
            record = with_part(record, item.part, body, self._context.clock.now())
            received_at = received_text(record, item.part)
        else:
            record = replace(record, unavailable={**record.unavailable, item.part: item.reason})
        if self._pool is not None and isinstance(item, Part):
            return self._pool.derive(record, received_at)
        return replace(
            self._context.deriver.derive(self._context.entry, record, here=True),
            received_at=received_at,
        )

    def _take(self, external_id: str) -> Record:
        with self._lock:
            if external_id not in self._read:
                start = self._place[external_id]
                ahead = self._order[start : start + _READ_AHEAD]
                keys = [
                    (self._record_of[one], one)
                    for one in ahead
                    if one == external_id or one not in self._read.keys() | self._taken
                ]
                self._read.update(load(self._context, keys))
            self._taken.add(external_id)
            return self._read.pop(external_id)


def load(context: Context, keys: Sequence[tuple[int, str]]) -> dict[str, Record]:
    """The records of these (id, external id) by their external ids, with all their newest parts."""
    with context.database.read() as db:
        loaded = load_records(db, context.raws, context.entry.id, context.connected.account, keys)
    return {record.external_id: record for record in loaded.values()}


def retry_quarantine(
    context: Context, log: RunLog, *, everything: bool = False
) -> Iterator[events.Event]:
    """Try again what another version of the plugin refused (or ``everything``): the raw parts are
    all there.
    """
    version = None if everything else context.plugin_version
    if version is None and not everything:
        return
    with context.database.read() as db:
        waiting = quarantined(db, context.connected.id, not_version=version)
    for some, every in derive_batches(context, _with_records(context, waiting), len(waiting)):
        for one, derived in zip(some, every, strict=True):
            with context.writing(log) as db:
                place_derived(context, db, [store_derived(context, log, db, one.id, derived)])
            said = ("quarantined", str(derived.refused)) if derived.refused else ("released", None)
            yield events.Decided(context.connected.name, one.external_id, *said)


def _with_records(
    context: Context, known: Sequence[RecordRow]
) -> Iterator[tuple[Sequence[RecordRow], list[Record]]]:
    """Batch after batch, each read when it is asked for."""
    for some in batches_of(context.entry, known):
        loaded = load(context, [(one.id, one.external_id) for one in some])
        yield some, [loaded[one.external_id] for one in some]
