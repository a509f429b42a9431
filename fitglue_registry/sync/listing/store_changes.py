"""Stores the new and changed rows of a window: their records, summaries and wanted parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.model.moments import utc_text
from fitglue_registry.model.stored import (
    FETCHABLE,
    PartName,
    RecordState,
    RunDecision,
)
from fitglue_registry.plugin_api import Body
from fitglue_registry.store.parts import (
    excluded_parts,
    forget_parts,
    part_names,
    set_excluded,
    set_received,
    want_parts,
)
from fitglue_registry.store.raw_parts import ReceivedPart
from fitglue_registry.store.records import insert_records, update_records
from fitglue_registry.store.source_activity_search import ids_of_records
from fitglue_registry.sync.deriving.store_derived import store_derived
from fitglue_registry.sync.reasons import reason_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from fitglue_registry.sync.listing.comparing import Change
    from fitglue_registry.sync.listing.derive_changes import DerivedChange
    from fitglue_registry.sync.run import Transaction

#: The states of records that were listed or confirmed until now. If a record leaves another state,
#: such as stub or gone, its parts may be outdated or missing, so all of them are fetched.
_UP_TO_DATE = (*FETCHABLE, RecordState.MISSING, RecordState.HELD)


def store_changes(transaction: Transaction, changes: Sequence[DerivedChange]) -> set[int]:
    """Store the new and changed rows of a window, and match their source activities.

    Each table gets its rows with one statement, so that a window of hundreds of rows needs no more
    statements than one of a few.

    Args:
        transaction: The transaction that stores the window.
        changes: The rows, with the source activities that were derived from them.

    Returns:
        The ids of the source activities that were matched.
    """
    db = transaction.db
    context = transaction.context
    by_record = _store_records(transaction, changes)
    _store_summaries(transaction, by_record)
    back = []
    results = {}
    for record_id, derived_change in by_record.items():
        change = derived_change.change
        transaction.decide(change.decision, record_id, change.reason)
        if change.decision == RunDecision.BACK:
            back.append(record_id)
        results[record_id] = derived_change.derived
    # A record that was gone has source activities that belong to no visible activity. They count
    # again, even if the new summary is refused and they stay as they were.
    ids = set(ids_of_records(db, back))
    affected: set[str] = set()
    # The summary above is stored in any case: a record that was fetched is kept, and can be
    # normalized when the plugin has a new version.
    for stored in store_derived(transaction, results):
        ids.update(stored.ids)
        affected.update(stored.affected)
    # One call of the matcher: it loads the neighborhood of each workout, which costs much less for
    # all rows together than for each row.
    if ids or affected:
        context.matcher.rematch(db, context.athlete_id, ids, context.now, affected)
    return ids


def _store_records(
    transaction: Transaction,
    changes: Sequence[DerivedChange],
) -> dict[int, DerivedChange]:
    """Insert or update the records of the rows; return the rows by the ids of their records."""
    db = transaction.db
    context = transaction.context
    new = []
    inserted = []
    updated = []
    by_record = {}
    for derived_change in changes:
        change = derived_change.change
        values = _record_values(derived_change, context.now)
        if change.known is not None:
            updated.append({"id": change.known.id, **values})
            by_record[change.known.id] = derived_change
        else:
            key = {"external_id": change.external_id, "first_seen_at": context.now}
            inserted.append(values | key)
            new.append(derived_change)
    update_records(db, updated)
    record_ids = insert_records(db, context.connection_id, inserted)
    by_record.update(zip(record_ids, new, strict=True))
    return by_record


def _record_values(derived_change: DerivedChange, now: str) -> dict[str, Any]:
    """Return the columns of a record that follow from its row."""
    change = derived_change.change
    listing = change.listing
    return {
        "state": RecordState.LISTED if listing.unavailable is None else RecordState.STUB,
        "revision": change.revision,
        "reason": None if listing.unavailable is None else reason_text(listing.unavailable),
        "changed_at": now,
        "start_local": _start_local(derived_change),
        "at_source": _at_source(change),
        "gone_at": None,
    }


def _at_source(change: Change) -> str | None:
    """Return when the record arrived at its source; a part may have said what no row says."""
    if change.listing.at_source is not None:
        return utc_text(change.listing.at_source)
    return None if change.known is None else change.known.at_source


def _start_local(derived_change: DerivedChange) -> str | None:
    """Return the start that tells a later sync which window the record belongs to."""
    start_local = derived_change.change.listing.start_local
    if start_local is not None:
        return start_local.isoformat()
    return derived_change.derived.start


def _store_summaries(transaction: Transaction, by_record: Mapping[int, DerivedChange]) -> None:
    """Store the summaries of rows, and put the parts that they want on the backlog."""
    db = transaction.db
    context = transaction.context
    new: dict[int, ReceivedPart] = {}
    known: dict[int, ReceivedPart] = {}
    for record_id, derived_change in by_record.items():
        change = derived_change.change
        received = ReceivedPart(
            Body(change.listing.summary),
            derived_change.received_at,
            change.revision,
        )
        group = new if change.known is None else known
        group[record_id] = received
    context.storage.take(db, (known | new).values(), len(new))
    raw_ids = context.raws.put(db, context.entry.id, PartName.SUMMARY, known)
    raw_ids |= context.raws.put(db, context.entry.id, PartName.SUMMARY, new, fresh=True)
    set_received(db, PartName.SUMMARY, raw_ids)
    # This belongs in the transaction that stores the summaries. If the process dies after the
    # commit, the backlog has the parts; if it dies before, the next sync lists the rows again and
    # finds them new or changed.
    asked = part_names(db, known)
    excluded = excluded_parts(db, known)
    wanted = {}
    without = {}
    for record_id, derived_change in by_record.items():
        change = derived_change.change
        names = _wanted_parts(transaction, change, asked[record_id])
        # Parts that did not exist until now are fetched, whatever else the row says.
        back = excluded[record_id] - change.listing.without.keys()
        if back and change.listing.unavailable is None:
            names |= back & _default_parts(transaction)
            forget_parts(db, record_id, back)
        wanted[record_id] = sorted(names - change.listing.without.keys())
        without[record_id] = change.listing.without
    want_parts(db, wanted)
    set_excluded(db, without)


def _default_parts(transaction: Transaction) -> set[str]:
    """Return the names of the parts that are fetched without an option."""
    names: set[str] = set()
    for part in transaction.context.entry.parts:
        if part.comes_from == "fetch" and part.default:
            names.add(part.name)
    return names


def _wanted_parts(
    transaction: Transaction,
    change: Change,
    asked: Collection[str],
) -> set[str]:
    """Return the names of the parts to fetch.

    These are all default parts of a new record, and of a changed one the parts that the change
    affects. A part that needs an option is fetched again only if the record was asked for it
    before, so the option need not be repeated.

    Args:
        transaction: The transaction that stores the window.
        change: The row.
        asked: The parts of its record that were ever wanted.
    """
    if change.listing.unavailable is not None:
        return set()
    fetched = [part for part in transaction.context.entry.parts if part.comes_from == "fetch"]
    wanted = _default_parts(transaction)
    if change.known is None:
        return wanted
    wanted.update(asked)
    if change.known.state in _UP_TO_DATE:
        return wanted.intersection(change.touched)
    return wanted.intersection(part.name for part in fetched)
