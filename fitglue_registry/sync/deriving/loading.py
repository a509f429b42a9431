"""Loads records with all their stored parts, ready to be normalized."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from fitglue_registry.store.record_values import load_records
from fitglue_registry.sync.deriving.batches import batches_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fitglue_registry.plugin_api import Record
    from fitglue_registry.store.records import RecordRow
    from fitglue_registry.sync.context import SyncContext

    #: The id and the external id of a record.
    Key = tuple[int, str]

Item = TypeVar("Item")
#: How many bytes of parts are loaded at once. A record of more bytes is loaded on its own: a source
#: may have sent the largest parts that are allowed for each of thousands of records.
_MOST_BYTES = 16_000_000


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
    for batch in batches_to_load(context, rows, lambda row: row.id):
        yield batch, load_records_of(context, batch)


def batches_to_load(
    context: SyncContext,
    items: Sequence[Item],
    id_of: Callable[[Item], int],
) -> Iterator[Sequence[Item]]:
    """Yield values for records in batches whose parts fit into memory.

    Args:
        context: The connection.
        items: The values.
        id_of: Returns the record id of a value.
    """
    for batch in batches_of(context.entry, items):
        remaining = batch
        while remaining:
            fitting = first_to_load(context, remaining, id_of)
            yield fitting
            remaining = remaining[len(fitting) :]


def first_to_load(
    context: SyncContext,
    items: Sequence[Item],
    id_of: Callable[[Item], int],
) -> Sequence[Item]:
    """Return the first of these values, as many as have parts that fit into memory, or one.

    Args:
        context: The connection.
        items: Values for records.
        id_of: Returns the record id of a value.
    """
    with context.database.read() as db:
        sizes = context.raws.sizes(db, map(id_of, items))
    total = 0
    for count, item in enumerate(items):
        total += sizes.get(id_of(item), 0)
        if count and total > _MOST_BYTES:
            return items[:count]
    return items
