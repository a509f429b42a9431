"""Stores one listed window in one transaction: new, changed and missing records.

A window is the page of the listing: it is committed completely or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fitglue_registry.model.stored import PartName, RecordState, RunDecision
from fitglue_registry.plugin_api import UnavailableState
from fitglue_registry.store.connections import update_connection
from fitglue_registry.store.parts import after_full_walk
from fitglue_registry.store.records import update_record
from fitglue_registry.store.windows import remove_planned_window
from fitglue_registry.sync.events import WOULD_JOIN, Decided, Events, WindowListed
from fitglue_registry.sync.listing.comparing import compare_window
from fitglue_registry.sync.listing.derive_changes import derive_changes
from fitglue_registry.sync.listing.dry_run import find_joins
from fitglue_registry.sync.listing.store_changes import store_changes
from fitglue_registry.sync.listing.vanishing import is_deleted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.plugin_api import Listing, Window
    from fitglue_registry.registry import Entry
    from fitglue_registry.store.windows import PlannedWindow
    from fitglue_registry.sync.listing.derive_changes import DerivedChange
    from fitglue_registry.sync.listing.vanishing import Vanished
    from fitglue_registry.sync.run import Run, Transaction


@dataclass(frozen=True, slots=True)
class ListedWindow:
    """The rows of one window, and its place in a full walk.

    Attributes:
        window: The days that were listed.
        rows: The rows, each record once.
        planned: The row of the plan that this window completes, if it is part of a full walk.
        walk_done: When the full walk began that this window completes; ``None`` if windows follow.
        left: How many windows follow.
    """

    window: Window
    rows: Sequence[Listing]
    planned: PlannedWindow | None = None
    walk_done: str | None = None
    left: int = 0


def store_window(
    run: Run,
    listed: ListedWindow,
    *,
    dry_run: bool,
) -> Events:
    """Store one window, and yield its events.

    A window that shows nothing new writes nothing, so an idle sync costs one request and no write
    to the tables of records.

    Args:
        run: The run.
        listed: The window and its rows.
        dry_run: Only report what would be stored.
    """
    name = run.context.name
    run.listed.update(row.external_id for row in listed.rows if not is_deleted(row))
    changes, vanished = compare_window(run, listed.window, listed.rows)
    yield from not_ready(name, listed.rows)
    # Outside the transaction below: normalize runs a plugin's code, which may take minutes, and
    # SQLite has only one writer.
    derived = derive_changes(run.context, changes)
    joins: dict[str, str] = {}
    if dry_run:
        joins = find_joins(run, derived)
        for record in (*vanished.missing, *vanished.suspected):
            run.vanished[record.id] = record, vanished.state
    elif derived or vanished or listed.planned or listed.walk_done:
        _commit(run, listed, derived, vanished)
    # After the commit, so that an event never reports what a rollback undid.
    # In a dry run, details that are only fetched by a sync may make a refused row understood.
    is_final = not (dry_run and _fetches(run.context.entry))
    for change in derived:
        yield from events_of(name, change, joins, is_final=is_final)
    for record in vanished.missing:
        yield Decided(name, record.external_id, RunDecision.MISSING, "no longer listed")
    decisions = [change.decision for change in changes]
    yield WindowListed(
        name,
        listed.window,
        len(listed.rows),
        decisions.count(RunDecision.NEW),
        decisions.count(RunDecision.CHANGED),
        decisions.count(RunDecision.STUB),
        len(vanished.missing),
        listed.left,
    )


def _commit(
    run: Run,
    listed: ListedWindow,
    changes: Sequence[DerivedChange],
    vanished: Vanished,
) -> None:
    """Store the window, its step of the plan and the end of the full walk in one transaction.

    A process that dies before the commit lists the window again and finds the same changes. One
    that dies after it resumes with the next window of the plan.
    """
    context = run.context
    with run.transaction() as transaction:
        # Before the summaries are stored, so that those of a first sync are packed with the
        # dictionary that is trained from them.
        if changes:
            summaries = [derived.change.listing.summary for derived in changes]
            context.raws.train(transaction.db, context.entry.id, PartName.SUMMARY, summaries)
        _store_vanished(transaction, vanished)
        store_changes(transaction, changes)
        # Here the full walk advances, never without the rows that it covers.
        if listed.planned is not None:
            remove_planned_window(transaction.db, listed.planned)
        if listed.walk_done is not None:
            after_full_walk(transaction.db, context.connection_id)
            update_connection(transaction.db, context.connection_id, full_walk_at=listed.walk_done)


def _store_vanished(
    transaction: Transaction,
    vanished: Vanished,
) -> None:
    """Store that records are missing, or that so many are missing that they are held."""
    for record in (*vanished.missing, *vanished.suspected):
        changes: dict[str, Any] = {"state": vanished.state}
        # A held record without a reason is one that the source has not been asked for.
        if RecordState.HELD in (vanished.state, record.state):
            changes["reason"] = None
        update_record(transaction.db, record.id, **changes)
    for record in vanished.missing:
        reason = "no longer listed; to be confirmed by id"
        transaction.decide(RunDecision.MISSING, record.id, reason)


def _fetches(entry: Entry) -> bool:
    """Return whether a sync fetches more of each record than its row in the listing."""
    return any(part.default and part.comes_from == "fetch" for part in entry.parts)


def not_ready(
    name: str,
    rows: Sequence[Listing],
) -> Events:
    """Yield a decision for each row that the source is still processing."""
    for row in rows:
        unavailable = row.unavailable
        if unavailable is not None and unavailable.state == UnavailableState.LATER:
            # With the fix, because nothing else prints it: the record is not stored yet.
            reason = "; ".join(filter(None, (unavailable.reason, unavailable.fix)))
            yield Decided(name, row.external_id, RunDecision.NOT_FETCHED, reason)


def events_of(
    name: str,
    derived_change: DerivedChange,
    joins: dict[str, str],
    *,
    is_final: bool,
) -> Events:
    """Yield the events of one row that is new or changed.

    Args:
        name: The name of the connection.
        derived_change: The row.
        joins: External id → what the record would join, in a dry run.
        is_final: Whether a refused row goes to quarantine. In a dry run, the details that were not
            fetched may make it understood.
    """
    change = derived_change.change
    refused = derived_change.derived.refused
    external_id = change.listing.external_id
    yield Decided(name, external_id, change.decision, change.reason)
    if external_id in joins:
        yield Decided(name, external_id, WOULD_JOIN, joins[external_id])
    if refused is not None and is_final:
        yield Decided(name, external_id, RunDecision.QUARANTINED, str(refused))
