"""Derives what the new and changed rows of a window say, before anything of it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.model.moments import clock_text
from fitglue_registry.model.stored import PartName
from fitglue_registry.plugin_api import Body, Record
from fitglue_registry.store.record_values import received_text, with_part
from fitglue_registry.sync.deriving.deriver import Derived, Deriver
from fitglue_registry.sync.deriving.loading import load_records_of
from fitglue_registry.sync.deriving.workers import batches_of, derive_batches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.listing.comparing import Change

#: As a plugin reads it.
_SUMMARY = PartName.SUMMARY.value


@dataclass(frozen=True, slots=True)
class DerivedChange:
    """A row that is new or changed, with what it says."""

    change: Change
    derived: Derived
    received_at: str


def derive_changes(context: SyncContext, changes: Sequence[Change]) -> list[DerivedChange]:
    """Normalize every new or changed row, with the parts that are there already, in their order."""
    now = context.clock.now()
    derived = {}
    for each in _derive_new(context, changes, now):
        derived[each.change.external_id] = each
    for each in _derive_known(context, changes, now):
        derived[each.change.external_id] = each
    return [derived[change.external_id] for change in changes]


def _derive_new(
    context: SyncContext,
    changes: Sequence[Change],
    now: datetime,
) -> Iterator[DerivedChange]:
    new = [change for change in changes if change.known is None]
    if not new:
        return
    records = (_with_summary(_bare(context, change), change, now) for change in new)
    received_at = clock_text(now)
    all_derived = Deriver(context.plugins, context.entry).derive_all(records)
    for change, derived in zip(new, all_derived, strict=True):
        yield DerivedChange(change, derived, received_at)


def _bare(context: SyncContext, change: Change) -> Record:
    """A record that has no part yet."""
    account = context.connected.account
    return Record(change.external_id, context.entry.id, {}, account)


def _derive_known(
    context: SyncContext,
    changes: Sequence[Change],
    now: datetime,
) -> Iterator[DerivedChange]:
    """Of the records that the store has, a few are in memory at a time."""
    known = [change for change in changes if change.known is not None]
    batches = _loaded_batches(context, known, now)
    for batch, results in derive_batches(context, batches, len(known)):
        for received, derived in zip(batch, results, strict=True):
            yield DerivedChange(received.change, derived, received.at)


@dataclass(frozen=True, slots=True)
class _Received:
    """A change, and when its summary was received."""

    change: Change
    at: str


def _loaded_batches(
    context: SyncContext,
    known: Sequence[Change],
    now: datetime,
) -> Iterator[tuple[list[_Received], list[Record]]]:
    """Batches of records with the summaries that were listed."""
    for batch in batches_of(context.entry, known):
        rows = [change.known for change in batch if change.known is not None]
        received = []
        records = []
        for change, loaded in zip(batch, load_records_of(context, rows), strict=True):
            record = _with_summary(loaded, change, now)
            records.append(record)
            received_at = received_text(record, _SUMMARY)
            received.append(_Received(change, received_at))
        yield received, records


def _with_summary(
    record: Record,
    change: Change,
    now: datetime,
) -> Record:
    body = Body(change.listing.summary)
    return with_part(record, _SUMMARY, body, now)
