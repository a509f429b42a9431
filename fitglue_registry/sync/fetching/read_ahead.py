"""Adds each answer to its record, and derives the source activities of the completed record."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from fitglue_registry.plugin_api import Body, Part, Unavailable, UnavailableState
from fitglue_registry.store.record_values import received_text, with_part
from fitglue_registry.sync.deriving.deriver import Deriver
from fitglue_registry.sync.deriving.loading import first_to_load, load_by_id
from fitglue_registry.sync.deriving.workers import has_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitglue_registry.plugin_api import Record
    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.deriving.deriver import Derived
    from fitglue_registry.sync.deriving.loading import Key
    from fitglue_registry.sync.deriving.pool import Pending, Pool

#: How many records one query reads. A query for each answer would take longer than deriving it.
_READ_AHEAD = 64


class RecordReadAhead:
    """The records that are being asked for, read from the store some at a time.

    Lanes call ``derive`` concurrently.

    Args:
        context: The connection.
        record_of: External id → record id, in the order in which they are asked for.
        pool: Derives the records with foreign files; the others are derived on the calling thread.
    """

    def __init__(
        self,
        context: SyncContext,
        record_of: Mapping[str, int],
        pool: Pool,
    ) -> None:
        self._context = context
        self._deriver = Deriver(context.plugins, context.entry)
        self._pool = pool
        self._record_of = record_of
        self._order = list(record_of)
        self._place = {external_id: place for place, external_id in enumerate(self._order)}
        self._read: dict[str, Record] = {}
        self._taken: set[str] = set()
        self._lock = threading.Lock()

    def derive(
        self,
        item: Part | Unavailable,
        others: Sequence[Part] = (),
    ) -> Derived | Pending | None:
        """Derive the source activities of the answer's record.

        Args:
            item: An answer.
            others: Other parts of the record, which came with it.

        Returns:
            The result, or the promise of it if a worker process derives it. ``None`` if nobody
            asked for the record, or if the answer says nothing about the workout ("later").

        Raises:
            FitglueError: A failure that concerns the whole connection.
        """
        if item.external_id not in self._place:
            return None
        arrived = [*others, item] if isinstance(item, Part) else list(others)
        is_later = isinstance(item, Unavailable) and item.state == UnavailableState.LATER
        if is_later and not arrived:
            return None
        record = self._take(item.external_id)
        if isinstance(item, Unavailable) and not is_later:
            # The reason is an input of normalize: the activity shows it, and its completeness
            # changes.
            record = replace(record, unavailable={**record.unavailable, item.part: item.reason})
        if not arrived:
            return self._derive(record, None)
        record = self._with_parts(record, arrived)
        return self._derive(record, received_text(record, arrived[-1].part))

    def _with_parts(self, record: Record, arrived: Sequence[Part]) -> Record:
        """Return the record with parts that one response contained, received at one moment."""
        now = self._context.clock.now()
        for part in arrived:
            body = Body(part.content, part.encoding, part.decoded)
            record = with_part(record, part.part, body, now)
        moment = record.received[arrived[-1].part]
        together = {part.part: moment for part in arrived}
        return replace(record, received={**record.received, **together})

    def _derive(self, record: Record, received_at: str | None) -> Derived | Pending:
        if has_file(self._context.entry, record):
            return self._pool.derive(record, received_at)
        derived = self._deriver.derive(record, here=True)
        return replace(derived, received_at=received_at)

    def _take(self, external_id: str) -> Record:
        """Return a record, which can be taken once; read the following ones with it.

        A record that was taken is dropped, so memory holds only the records ahead.
        """
        with self._lock:
            if external_id not in self._read:
                keys = first_to_load(
                    self._context, self._next_keys(external_id), lambda key: key[0]
                )
                self._read.update(load_by_id(self._context, keys))
            self._taken.add(external_id)
            return self._read.pop(external_id)

    def _next_keys(self, external_id: str) -> list[Key]:
        # Lanes answer out of order, so some of the following records may have been read or taken
        # before. Reading one again would keep it in memory until the end of the page.
        start = self._place[external_id]
        keys = []
        for ahead in self._order[start : start + _READ_AHEAD]:
            if ahead != external_id and (ahead in self._read or ahead in self._taken):
                continue
            record_id = self._record_of[ahead]
            keys.append((record_id, ahead))
        return keys
