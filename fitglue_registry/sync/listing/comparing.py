"""Compares one listed window with the store, to find new, changed and missing records."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fitglue_registry.model.moments import utc_text
from fitglue_registry.model.stored import FETCHABLE, PartName, RecordState, RunDecision
from fitglue_registry.plugin_api import UnavailableState
from fitglue_registry.store.records import known_records
from fitglue_registry.sync.listing.revisions import Difference, Revisions, schema_drift_keys
from fitglue_registry.sync.listing.vanishing import find_vanished, is_deleted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.plugin_api import Listing, Window
    from fitglue_registry.store.records import RecordRow
    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.listing.vanishing import Vanished
    from fitglue_registry.sync.run import Run

#: How many changed paths a reason names at most.
_MAX_NAMED = 8


@dataclass(frozen=True, slots=True)
class Change:
    """One listed row that is new or changed, and the decision about it.

    Attributes:
        listing: The row, as the plugin yielded it.
        revision: Its revision: the plugin's own, else a hash of the summary.
        known: The record as the store has it; ``None`` for a new one.
        decision: What the run decides about the record.
        reason: Why, for people to read.
        touched: The names of the parts to fetch again because of this change.
    """

    listing: Listing
    revision: str
    known: RecordRow | None
    decision: RunDecision
    reason: str | None = None
    touched: frozenset[str] = frozenset()

    @property
    def external_id(self) -> str:
        """The id of the record at its source."""
        return self.listing.external_id


def compare_window(
    run: Run,
    window: Window,
    rows: Sequence[Listing],
) -> tuple[list[Change], Vanished]:
    """Compare the rows of a window with the records in the store.

    Args:
        run: The run, which has noted the rows as listed.
        window: The window that was listed.
        rows: Its rows.

    Returns:
        The rows that are new or changed, and the records of this window that no row shows.
    """
    context = run.context
    with context.database.read() as db:
        changes = compare_rows(context, db, rows)
        # This is a suspicion, not yet a deletion. The start of a record may have been edited, so
        # that another window shows it now. ``Confirmation`` asks for it by id.
        deleted = [row.external_id for row in rows if is_deleted(row)]
        vanished = find_vanished(run, db, window, deleted)
        return changes, vanished


def compare_rows(
    context: SyncContext,
    db: Db,
    rows: Sequence[Listing],
) -> list[Change]:
    """Compare listed rows with the records in the store, and return those that are new or changed.

    Rows of an earlier date than the stored state of their record are left out, if the entry says
    that its listings have dates.
    """
    revisions = Revisions(context.entry)
    ids = [row.external_id for row in rows]
    known = known_records(db, context.connection_id, ids)
    changes = []
    for listing in rows:
        record = known.get(listing.external_id)
        if context.entry.sync.snapshots and _is_older(listing, record):
            continue
        change = _compare(listing, record, revisions)
        if change is not None:
            changes.append(change)
    return _with_touched_parts(context, db, changes, revisions)


def _is_older(
    listing: Listing,
    known: RecordRow | None,
) -> bool:
    """Return whether a row is of an earlier date than the stored state of its record."""
    if known is None or known.at_source is None or listing.at_source is None:
        return False
    # A record that is not stored as a workout has no state that could be newer.
    return known.state == RecordState.LISTED and utc_text(listing.at_source) < known.at_source


def _compare(
    listing: Listing,
    known: RecordRow | None,
    revisions: Revisions,
) -> Change | None:
    revision = revisions.of(listing)
    decision = _decide(listing, revision, known)
    if decision is None:
        return None
    reason = listing.unavailable.reason if listing.unavailable else None
    return Change(listing, revision, known, decision, reason)


def _decide(
    listing: Listing,
    revision: str,
    known: RecordRow | None,
) -> RunDecision | None:
    """Return the decision about one row; ``None`` if there is nothing to store.

    The order of the conditions matters: a change of the record's state decides even if its revision
    is the same, because it changes which parts can be fetched.
    """
    unavailable = listing.unavailable
    if unavailable is not None and unavailable.state == UnavailableState.GONE:
        # The source lists the record as deleted; ``find_vanished`` decides about it.
        return None
    is_stub = unavailable is not None
    if unavailable is not None and unavailable.state == UnavailableState.LATER:
        # The source is still processing the record. Nothing is stored, so the next sync finds it
        # new or changed.
        return None
    if known is None:
        return RunDecision.STUB if is_stub else RunDecision.NEW
    # A tombstone that is listed again: the source has the record after all.
    if known.state == RecordState.GONE:
        return RunDecision.BACK
    # The source delivers the record now, so the parts that a stub never had are wanted.
    if known.state == RecordState.STUB and not is_stub:
        return RunDecision.NATIVE
    if known.state in FETCHABLE and is_stub:
        return RunDecision.STUB
    if known.revision != revision:
        return RunDecision.CHANGED
    if known.state in (RecordState.MISSING, RecordState.HELD, RecordState.UNLISTED):
        return RunDecision.BACK
    return None


def _with_touched_parts(
    context: SyncContext,
    db: Db,
    changes: Sequence[Change],
    revisions: Revisions,
) -> list[Change]:
    """Return the same changes; those with a changed summary get their reason and touched parts."""
    differences = _differences(context, db, changes, revisions)
    # When the API of a source gains a key, every summary changes at once. Fetching the parts of the
    # whole history again for that would use up the budget and bring nothing new.
    schema_drift = schema_drift_keys([difference.added for difference in differences.values()])
    compared = []
    for change in changes:
        difference = differences.get(change.external_id)
        if difference is not None:
            touched = revisions.touched_parts(difference.paths - schema_drift)
            reason = reason_of_change(difference)
            change = replace(
                change,
                reason=reason,
                touched=frozenset(touched),
            )
        compared.append(change)
    return compared


def reason_of_change(difference: Difference) -> str | None:
    """Return the reason of a changed record: the first of the changed paths, in alphabetical order.

    Returns:
        The reason, or ``None`` if no path changed or the only one has no name.
    """
    names = ", ".join(sorted(difference.paths)[:_MAX_NAMED])
    # A summary that is not a JSON object has only one path, whose name is empty.
    if not names:
        return None
    return f"{names} changed at the source"


def _differences(
    context: SyncContext,
    db: Db,
    changes: Sequence[Change],
    revisions: Revisions,
) -> dict[str, Difference]:
    """Return external id → the difference of its summaries, for records whose revision changed."""
    changed = {}
    for change in changes:
        if change.known is not None and change.decision == RunDecision.CHANGED:
            changed[change.known.id] = change.listing
    bodies = context.raws.newest(db, list(changed), only=PartName.SUMMARY)
    differences = {}
    for record_id, listing in changed.items():
        difference = Difference()  # without a stored summary, no difference is known
        before = bodies.get(record_id, {}).get(PartName.SUMMARY)
        if before is not None:
            body, _ = before
            difference = revisions.difference(body.read(), listing.summary)
        differences[listing.external_id] = difference
    return differences
