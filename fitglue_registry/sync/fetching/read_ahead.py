"""Completes the records that wait for an answer, and derives what they say with it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from fitglue_registry.plugin_api import Body, Part, Unavailable, UnavailableState
from fitglue_registry.store.record_values import received_text, with_part
from fitglue_registry.sync.deriving.deriver import Deriver
from fitglue_registry.sync.deriving.loading import load_by_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.plugin_api import Record
    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.deriving.deriver import Derived
    from fitglue_registry.sync.deriving.loading import Key
    from fitglue_registry.sync.deriving.pool import Pending, Pool

#: So many records are read ahead of the answers that complete them.
_READ_AHEAD = 64


class RecordReadAhead:
    """The records that wait for an answer, read some at a time in the order in which they are asked
    for; safe among lanes.
    """

    def __init__(
        self,
        context: SyncContext,
        record_of: Mapping[str, int],
        pool: Pool | None = None,
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

    def derive(self, item: Part | Unavailable) -> Derived | Pending | None:
        """What the record says with this answer, or a worker's promise of it.

        ``None`` of a record that nobody asked for, and where it says nothing new.
        """
        if item.external_id not in self._place:
            return None
        if isinstance(item, Part):
            return self._derive_with(item)
        if item.state == UnavailableState.LATER:
            return None
        return self._derive_without(item)

    def _derive_without(self, answer: Unavailable) -> Derived:
        record = self._take(answer.external_id)
        reasons = {**record.unavailable, answer.part: answer.reason}
        record = replace(record, unavailable=reasons)
        return self._deriver.derive(record, here=True)

    def _derive_with(self, part: Part) -> Derived | Pending:
        body = Body(part.content, part.encoding, part.decoded)
        now = self._context.clock.now()
        record = self._take(part.external_id)
        record = with_part(record, part.part, body, now)
        received_at = received_text(record, part.part)
        if self._pool is not None:
            return self._pool.derive(record, received_at)
        derived = self._deriver.derive(record, here=True)
        return replace(derived, received_at=received_at)

    def _take(self, external_id: str) -> Record:
        """A record, each once; the next ones that were not read yet are read with it."""
        with self._lock:
            if external_id not in self._read:
                keys = self._next_keys(external_id)
                self._read.update(load_by_id(self._context, keys))
            self._taken.add(external_id)
            return self._read.pop(external_id)

    def _next_keys(self, external_id: str) -> list[Key]:
        start = self._place[external_id]
        keys = []
        for ahead in self._order[start : start + _READ_AHEAD]:
            if ahead != external_id and (ahead in self._read or ahead in self._taken):
                continue
            record_id = self._record_of[ahead]
            keys.append((record_id, ahead))
        return keys
