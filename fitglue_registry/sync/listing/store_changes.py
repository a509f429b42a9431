"""Stores the new and changed rows of a window: their records, summaries and wanted parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.model.moments import utc_text
from fitglue_registry.model.stored import (
    FETCHABLE,
    PartName,
    PartState,
    RecordState,
    RunDecision,
)
from fitglue_registry.plugin_api import Body
from fitglue_registry.store.parts import PartUpdate, part_names, set_part, want_parts
from fitglue_registry.store.quarantine import release
from fitglue_registry.store.raw_parts import ReceivedPart
from fitglue_registry.store.records import insert_record, update_record
from fitglue_registry.store.source_activity_search import ids_of_records
from fitglue_registry.sync.deriving.store_derived import put_derived, quarantine
from fitglue_registry.sync.reasons import reason_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fitglue_registry.sync.listing.comparing import Change
    from fitglue_registry.sync.listing.derive_changes import DerivedChange
    from fitglue_registry.sync.run import Transaction

#: The states of records that were listed or confirmed until now. If a record leaves another state,
#: such as stub or gone, its parts may be outdated or missing, so all of them are fetched.
_UP_TO_DATE = (*FETCHABLE, RecordState.MISSING)


@dataclass(frozen=True, slots=True)
class _ToMatch:
    """The source activities to match again, and the activities that lost a member."""

    ids: Iterable[int] = ()
    affected: Iterable[str] = ()


def store_changes(transaction: Transaction, changes: Sequence[DerivedChange]) -> set[int]:
    """Store the new and changed rows of a window, and match their source activities.

    Args:
        transaction: The transaction that stores the window.
        changes: The rows, with the source activities that were derived from them.

    Returns:
        The ids of the source activities that were matched.
    """
    # All rows first, then one call of the matcher: it loads the neighborhood of each workout, which
    # costs much less for all rows together than for each row.
    ids: set[int] = set()
    affected: set[str] = set()
    for change in changes:
        to_match = _store_change(transaction, change)
        ids.update(to_match.ids)
        affected.update(to_match.affected)
    if ids or affected:
        context = transaction.context
        context.matcher.rematch(transaction.db, context.athlete_id, ids, context.now, affected)
    return ids


def _store_change(transaction: Transaction, derived_change: DerivedChange) -> _ToMatch:
    """Store one row, and return what has to be matched because of it."""
    change = derived_change.change
    derived = derived_change.derived
    record_id = _store_record(transaction, derived_change)
    _store_summary(transaction, record_id, derived_change)
    transaction.decide(change.decision, record_id, change.reason)
    # A record that was gone has source activities that belong to no visible activity. They count
    # again, even if the new summary is refused and they stay as they were.
    back: list[int] = []
    if change.decision == RunDecision.BACK:
        back = ids_of_records(transaction.db, [record_id])
    # The summary above is stored in any case: a record that was fetched is kept, and can be
    # normalized when the plugin has a new version.
    if derived.refused is not None:
        quarantine(transaction, record_id, derived.refused)
        return _ToMatch(back)
    if change.known is not None and release(transaction.db, record_id):
        transaction.decide(RunDecision.RELEASED, record_id)
    stored = put_derived(transaction, record_id, derived)
    return _ToMatch((*back, *stored.ids), stored.affected)


def _store_record(transaction: Transaction, derived_change: DerivedChange) -> int:
    """Insert or update the record of a row, and return its id."""
    db = transaction.db
    change = derived_change.change
    listing = change.listing
    now = transaction.context.now
    values = {
        "state": RecordState.LISTED if listing.unavailable is None else RecordState.STUB,
        "revision": change.revision,
        "reason": None if listing.unavailable is None else reason_text(listing.unavailable),
        "changed_at": now,
        "start_local": _start_local(derived_change),
        "at_source": None if listing.at_source is None else utc_text(listing.at_source),
        "gone_at": None,
    }
    if change.known is not None:
        update_record(db, change.known.id, **values)
        return change.known.id
    connection_id = transaction.context.connection_id
    return insert_record(
        db,
        connection_id,
        listing.external_id,
        first_seen_at=now,
        **values,
    )


def _start_local(derived_change: DerivedChange) -> str | None:
    """Return the start that tells a later sync which window the record belongs to."""
    start_local = derived_change.change.listing.start_local
    if start_local is not None:
        return start_local.isoformat()
    return derived_change.derived.start


def _store_summary(
    transaction: Transaction,
    record_id: int,
    derived_change: DerivedChange,
) -> None:
    """Store the summary of a row, and put the parts that it wants on the backlog."""
    db = transaction.db
    change = derived_change.change
    is_new = change.known is None
    received = ReceivedPart(
        PartName.SUMMARY,
        Body(change.listing.summary),
        derived_change.received_at,
        change.revision,
    )
    context = transaction.context
    raw_id = context.raws.put(db, record_id, context.entry.id, received, fresh=is_new)
    set_part(db, record_id, PartName.SUMMARY, PartUpdate(PartState.HAVE, raw_id), fresh=is_new)
    # This belongs in the transaction that stores the summary. If the process dies after the
    # commit, the backlog has the parts; if it dies before, the next sync lists the row again and
    # finds it new or changed.
    wanted = _wanted_parts(transaction, record_id, change)
    want_parts(db, record_id, sorted(wanted), fresh=is_new)


def _wanted_parts(
    transaction: Transaction,
    record_id: int,
    change: Change,
) -> set[str]:
    """Return the names of the parts to fetch.

    These are all default parts of a new record, and of a changed one the parts that the change
    affects. A part that needs an option is fetched again only if the record was asked for it
    before, so the option need not be repeated.
    """
    if change.listing.unavailable is not None:
        return set()
    fetched = [part for part in transaction.context.entry.parts if part.comes_from == "fetch"]
    wanted: set[str] = {part.name for part in fetched if part.default}
    if change.known is None:
        return wanted
    wanted.update(part_names(transaction.db, record_id))
    if change.known.state in _UP_TO_DATE:
        return wanted.intersection(change.touched)
    return wanted.intersection(part.name for part in fetched)
