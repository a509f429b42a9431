"""Loads records with all their stored parts, ready to be normalized."""

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
    """Return records by external id, with the newest revision of each of their parts."""
    account = context.connection.account
    with context.database.read() as db:
        loaded = load_records(db, context.raws, context.entry.id, account, keys)
    return {record.external_id: record for record in loaded.values()}


def load_records_of(context: SyncContext, rows: Sequence[RecordRow]) -> list[Record]:
    """Return the records of these rows, in the same order."""
    keys = [(row.id, row.external_id) for row in rows]
    loaded = load_by_id(context, keys)
    return [loaded[row.external_id] for row in rows]


def loaded_batches(
    context: SyncContext,
    rows: Sequence[RecordRow],
) -> Iterator[tuple[Sequence[RecordRow], list[Record]]]:
    """Yield batches of rows with their records; a batch is loaded only when it is requested.

    The parts of all records of a history do not fit into memory at once.
    """
    for batch in batches_of(context.entry, rows):
        yield batch, load_records_of(context, batch)
