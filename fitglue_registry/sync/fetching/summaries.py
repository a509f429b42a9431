"""The stored summaries of the records that a plugin is asked for, which it may not need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from fitglue_registry.model.stored import PartName
from fitglue_registry.store.records import known_records

if TYPE_CHECKING:
    from fitglue_registry.sync.context import SyncContext


class Summaries(Mapping[str, bytes]):
    """External id → the summary that was listed last, read from the store when it is asked for.

    Args:
        context: The connection.
        ids: The external ids of the records.
    """

    def __init__(self, context: SyncContext, ids: Sequence[str]) -> None:
        self._context = context
        self._ids = dict.fromkeys(ids)

    def __getitem__(self, external_id: str) -> bytes:
        if external_id not in self._ids:
            raise KeyError(external_id)
        context = self._context
        with context.database.read() as db:
            record = known_records(db, context.connection_id, [external_id])[external_id]
            bodies = context.raws.newest(db, [record.id], only=PartName.SUMMARY)
        body, _ = bodies[record.id][PartName.SUMMARY]
        return body.read()

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)
