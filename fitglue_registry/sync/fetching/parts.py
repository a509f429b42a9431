"""Fetches the wanted parts of records, newest first, and stores the answers.

The wanted parts in the store are the queue: nothing else remembers what a sync still has to fetch,
so a sync that was killed is resumed by taking them.
"""

from __future__ import annotations

from contextlib import closing
from itertools import takewhile
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError
from fitglue_registry.plugin_api import Unavailable, UnavailableState
from fitglue_registry.store.parts import count_wanted, lacks_part, want_where_unknown, wanted_parts
from fitglue_registry.sync.deriving.pool import Pool
from fitglue_registry.sync.events import Events, PartsPlanned, PartStored
from fitglue_registry.sync.fetching.ask_for_parts import ask_for
from fitglue_registry.sync.fetching.doubts import Doubts
from fitglue_registry.sync.fetching.read_ahead import RecordReadAhead
from fitglue_registry.sync.fetching.store_answers import store_answers

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Window
    from fitglue_registry.registry import EntryPart
    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.fetching.answers import Answered
    from fitglue_registry.sync.run import Run

#: How many wanted parts one query returns, so that memory does not grow with the history.
_PAGE = 1_000


def fetch_part(
    run: Run,
    part: EntryPart,
    ask_in: Window | None,
) -> Events:
    """Fetch one part of every record that wants it, and yield events.

    Args:
        run: The run.
        part: The part, as the entry describes it.
        ask_in: A window. Its records that have never been asked for the part want it too.
    """
    context = run.context
    if ask_in is not None:
        _want_where_unknown(context, part, ask_in)
    with context.database.read() as db:
        total = count_wanted(db, context.connection_id, part.name)
    if total:
        yield PartsPlanned(context.name, part.name, total)
    with closing(Pool(context)) as pool:
        yield from _fetch(run, part, total, pool)


def _fetch(
    run: Run,
    part: EntryPart,
    total: int,
    pool: Pool,
) -> Events:
    context = run.context
    done = 0
    # The records that this run asked for without success. They still want the part, so each later
    # page of the queue has them again; this set keeps them from being asked for twice.
    still_wanted: set[str] = set()
    while True:
        record_of = _next_page(context, part, still_wanted)
        if not record_of:
            break
        records = RecordReadAhead(context, record_of, pool)
        doubts = Doubts(run, records.derive)
        for batch in ask_for(context, part, list(record_of), doubts.derive, doubts.refute):
            # Store everything before the first failure, then raise the failure. The answers after
            # it are lost and stay on the queue, so the order in which parts are stored remains.
            believed = [answered for answered in batch if not _is_suspect(run, answered)]
            still_wanted.update(
                answered.external_id for answered in batch if _is_suspect(run, answered)
            )
            sound = list(takewhile(_is_sound, believed))
            decisions = store_answers(run, part.name, record_of, sound)
            for answered in sound:
                external_id = answered.external_id
                done += 1
                if external_id in decisions:
                    yield decisions[external_id]
                if _is_still_wanted(answered):
                    still_wanted.add(external_id)
                # The queue may have grown since the total was counted.
                yield PartStored(context.name, part.name, external_id, done, max(done, total))
            for answered in believed[len(sound) :]:
                assert answered.derived is not None
                answered.derived.checked()


def _next_page(
    context: SyncContext,
    part: EntryPart,
    still_wanted: set[str],
) -> dict[str, int]:
    """Return external id → record id of the newest records on the queue, at most a page of them.

    Those in ``still_wanted`` are left out.
    """
    # They are the newest ones, so the query returns them first; the limit leaves room for them.
    limit = _PAGE + len(still_wanted)
    with context.database.read() as db:
        wanted = wanted_parts(db, context.connection_id, part.name, limit)
    page = {}
    for record_id, external_id in wanted:
        if external_id not in still_wanted:
            page[external_id] = record_id
    return page


def _is_suspect(run: Run, answered: Answered) -> bool:
    """Return whether the list is to decide about the record of a failure."""
    is_failure = isinstance(answered.item, FitglueError)
    return is_failure and answered.external_id in run.suspects


def _is_sound(answered: Answered) -> bool:
    return answered.derived is None or answered.derived.failure is None


def _is_still_wanted(answered: Answered) -> bool:
    """Return whether the part stays on the queue after this answer."""
    item = answered.item
    if isinstance(item, Unavailable):
        return item.state == UnavailableState.LATER
    return isinstance(item, FitglueError)


def _want_where_unknown(
    context: SyncContext,
    part: EntryPart,
    window: Window,
) -> None:
    # Asked in a read transaction first: a sync that finds nothing to do must not write, because
    # it would wait for other writers.
    connection_id = context.connection_id
    with context.database.read() as db:
        lacks = lacks_part(db, connection_id, part.name, window)
    if lacks:
        with context.database.write() as db:
            want_where_unknown(db, connection_id, part.name, window)
