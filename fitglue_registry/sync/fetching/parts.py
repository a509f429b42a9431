"""Fetches one wanted part of records, newest first, and stores the answers.

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
    from collections.abc import Generator, Mapping

    from fitglue_registry.plugin_api import Window
    from fitglue_registry.registry import EntryPart
    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.events import Event
    from fitglue_registry.sync.fetching.answers import Answered
    from fitglue_registry.sync.run import Run

#: How many wanted parts one query returns at most, so that memory does not grow with the history.
MOST_AT_ONCE = 1_000


class PartQueue:
    """The records that want one part, newest first.

    Args:
        run: The run.
        part: The part, as the entry describes it.
        ask_in: A window. Its records that have never been asked for the part want it too.
    """

    def __init__(
        self,
        run: Run,
        part: EntryPart,
        ask_in: Window | None,
    ) -> None:
        self.part = part
        self._run = run
        if ask_in is not None:
            _want_where_unknown(run.context, part, ask_in)
        self._done = 0
        with run.context.database.read() as db:
            self._total = count_wanted(db, run.context.connection_id, part.name)
        # The records that this run asked for without success. They still want the part, so each
        # later page of the queue has them again; this set keeps them from being asked for twice.
        self._still_wanted: set[str] = set()

    def planned(self) -> Events:
        """Yield how many records want the part, if any does."""
        if self._total:
            yield PartsPlanned(self._run.context.name, self.part.name, self._total)

    def fetch(self, limit: int) -> Generator[Event, None, bool]:
        """Fetch the part of the newest records, and yield events.

        Args:
            limit: The largest number of records.

        Returns:
            Whether any record wanted the part.
        """
        record_of = self._next_page(limit)
        if record_of:
            with closing(Pool(self._run.context)) as pool:
                yield from self._fetch(record_of, pool)
        return bool(record_of)

    def _fetch(self, record_of: Mapping[str, int], pool: Pool) -> Events:
        run = self._run
        context, part = run.context, self.part
        records = RecordReadAhead(context, record_of, pool)
        doubts = Doubts(run, records.derive)
        for batch in ask_for(context, part, list(record_of), doubts.derive, doubts.refute):
            # Store everything before the first failure, then raise the failure. The answers after
            # it are lost and stay on the queue, so the order in which parts are stored remains.
            believed = [answered for answered in batch if not _is_suspect(run, answered)]
            self._still_wanted.update(
                answered.external_id for answered in batch if _is_suspect(run, answered)
            )
            sound = list(takewhile(_is_sound, believed))
            decisions = store_answers(run, part.name, record_of, sound)
            for answered in sound:
                external_id = answered.external_id
                self._done += 1
                if external_id in decisions:
                    yield decisions[external_id]
                if _is_still_wanted(answered):
                    self._still_wanted.add(external_id)
                # The queue may have grown since the total was counted.
                total = max(self._done, self._total)
                yield PartStored(context.name, part.name, external_id, self._done, total)
            for answered in believed[len(sound) :]:
                assert answered.derived is not None
                answered.derived.checked()

    def _next_page(self, limit: int) -> dict[str, int]:
        """Return external id → record id of the newest records on the queue, at most ``limit``.

        Those that this run has asked for without success are left out.
        """
        context = self._run.context
        # They are the newest ones, so the query returns them first.
        room = limit + len(self._still_wanted)
        with context.database.read() as db:
            wanted = wanted_parts(db, context.connection_id, self.part.name, room)
        page: dict[str, int] = {}
        for record_id, external_id in wanted:
            if external_id not in self._still_wanted and len(page) < limit:
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
