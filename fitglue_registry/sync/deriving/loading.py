"""Reads records with all that was received of them, ready to be normalized."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.store.record_values import load_records
from fitglue_registry.sync.deriving.workers import batches_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.plugin_api import Record
    from fitglue_registry.store.records import RecordRow
    from fitglue_registry.sync.context import SyncContext

    #: The id and the external id of a record.
    Key = tuple[int, str]


def load_by_id(context: SyncContext, keys: Sequence[Key]) -> dict[str, Record]:
    """The records of these keys by their external ids, with all their newest parts."""
    account = context.connected.account
    with context.database.read() as db:
        loaded = load_records(db, context.raws, context.entry.id, account, keys)
    return {record.external_id: record for record in loaded.values()}


def load_records_of(context: SyncContext, rows: Sequence[RecordRow]) -> list[Record]:
    """These records, in their order."""
    keys = [(row.id, row.external_id) for row in rows]
    loaded = load_by_id(context, keys)
    return [loaded[row.external_id] for row in rows]


def loaded_batches(
    context: SyncContext,
    rows: Sequence[RecordRow],
) -> Iterator[tuple[Sequence[RecordRow], list[Record]]]:
    """Batch after batch of these records, each read when it is asked for."""
    for batch in batches_of(context.entry, rows):
        yield batch, load_records_of(context, batch)
