"""Derives source activities from the new and changed rows of a window.

This runs before the transaction that stores the window, because normalize can be slow and runs the
code of a plugin.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fitglue_registry.model.moments import clock_text
from fitglue_registry.model.stored import PartName
from fitglue_registry.plugin_api import Body, Record
from fitglue_registry.store.parts import excluded_parts
from fitglue_registry.store.record_values import received_text, with_part
from fitglue_registry.sync.deriving.batches import derive_batches
from fitglue_registry.sync.deriving.deriver import Derived, Deriver
from fitglue_registry.sync.deriving.loading import batches_to_load, load_records_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.listing.comparing import Change

#: Plain text, because plugins see this value.
_SUMMARY = PartName.SUMMARY.value


@dataclass(frozen=True, slots=True)
class DerivedChange:
    """A row that is new or changed, and the source activities that were derived from it."""

    change: Change
    derived: Derived
    received_at: str  # when its summary was received


def derive_changes(context: SyncContext, changes: Sequence[Change]) -> list[DerivedChange]:
    """Normalize every new or changed row, together with the parts that its record already has.

    Returns:
        The results in the order of ``changes``.
    """
    now = context.clock.now()
    derived = {}
    for result in _derive_new(context, changes, now):
        derived[result.change.external_id] = result
    for result in _derive_known(context, changes, now):
        derived[result.change.external_id] = result
    return [derived[change.external_id] for change in changes]


def _derive_new(
    context: SyncContext,
    changes: Sequence[Change],
    now: datetime,
) -> Iterator[DerivedChange]:
    """Derive new records, which have only a summary.

    This is quick, so it happens in this process even for the rows of a first sync. It needs no
    query either, because these records are not in the store.
    """
    new = [change for change in changes if change.known is None]
    if not new:
        return
    records = (_with_summary(_empty_record(context, change), change, now) for change in new)
    received_at = clock_text(now)
    all_derived = Deriver(context.plugins, context.entry).derive_all(records)
    for change, derived in zip(new, all_derived, strict=True):
        yield DerivedChange(change, derived, received_at)


def _empty_record(context: SyncContext, change: Change) -> Record:
    """Return a record that has no parts yet."""
    account = context.connection.account
    return Record(change.external_id, context.entry.id, {}, account)


def _derive_known(
    context: SyncContext,
    changes: Sequence[Change],
    now: datetime,
) -> Iterator[DerivedChange]:
    """Derive records that the store has, from the listed summary and the stored parts.

    They are loaded in batches, because streams and files of a whole window do not fit into memory.
    """
    known = [change for change in changes if change.known is not None]
    batches = _loaded_batches(context, known, now)
    for batch, results in derive_batches(context, batches, len(known)):
        for received, derived in zip(batch, results, strict=True):
            yield DerivedChange(received.change, derived, received.at)


@dataclass(frozen=True, slots=True)
class _Received:
    """A change, and the moment when its summary was received."""

    change: Change
    at: str


def _loaded_batches(
    context: SyncContext,
    known: Sequence[Change],
    now: datetime,
) -> Iterator[tuple[list[_Received], list[Record]]]:
    """Yield batches of changes and their records, which have the newly listed summaries."""
    for batch in batches_to_load(context, known, _record_id):
        rows = [change.known for change in batch if change.known is not None]
        with context.database.read() as db:
            excluded = excluded_parts(db, [row.id for row in rows])
        received = []
        records = []
        for change, loaded in zip(batch, load_records_of(context, rows), strict=True):
            loaded = _without_reasons(loaded, excluded[_record_id(change)])
            record = _with_summary(loaded, change, now)
            records.append(record)
            # Not simply ``now``: the moment is moved behind those of the other parts if the clock
            # was set back, because the newest part of a record wins.
            received_at = received_text(record, _SUMMARY)
            received.append(_Received(change, received_at))
        yield received, records


def _record_id(change: Change) -> int:
    assert change.known is not None  # only such changes are loaded
    return change.known.id


def _with_summary(
    record: Record,
    change: Change,
    now: datetime,
) -> Record:
    """Return the record with the listed summary in place of an older one.

    The reasons why parts do not exist are those of the listed row, too.
    """
    body = Body(change.listing.summary)
    record = with_part(record, _SUMMARY, body, now)
    if not change.listing.without:
        return record
    return replace(record, unavailable={**record.unavailable, **change.listing.without})


def _without_reasons(record: Record, parts: Collection[str]) -> Record:
    """Return the record without the reasons that an earlier row in the list gave."""
    if not parts:
        return record
    unavailable = {name: why for name, why in record.unavailable.items() if name not in parts}
    return replace(record, unavailable=unavailable)
