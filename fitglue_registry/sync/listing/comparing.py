"""Compares one listed window with the store: what is new, what changed, what is missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fitglue_registry.model.stored import FETCHABLE, PartName, RecordState, RunDecision
from fitglue_registry.plugin_api import UnavailableState
from fitglue_registry.store.records import known_records, records_in
from fitglue_registry.sync.listing.revisions import Difference, Revisions, drifted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.plugin_api import Listing, Window
    from fitglue_registry.store.records import RecordRow
    from fitglue_registry.sync.context import SyncContext

#: So many of the paths that changed are named in a reason.
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class Change:
    """One listed row that is new or changed, and what is decided about it."""

    listing: Listing
    revision: str
    known: RecordRow | None  # as the store has it
    decision: RunDecision
    reason: str | None = None
    touched: frozenset[str] = frozenset()  # the parts that the change re-opens

    @property
    def external_id(self) -> str:
        """What the source calls the record."""
        return self.listing.external_id


def compare_window(
    context: SyncContext,
    window: Window,
    rows: Sequence[Listing],
) -> tuple[list[Change], list[RecordRow]]:
    """What of the rows is new or changed, and the records of this window that they do not show."""
    connection_id = context.connection_id
    revisions = Revisions(context.entry)
    ids = [row.external_id for row in rows]
    with context.database.read() as db:
        known = known_records(db, connection_id, ids)
        changes = []
        for listing in rows:
            record = known.get(listing.external_id)
            change = _compare(listing, record, revisions)
            if change is not None:
                changes.append(change)
        missing = []
        if context.entry.sync.deletions:
            for record in records_in(db, connection_id, window):
                if record.external_id not in known:
                    missing.append(record)
        return _with_touched_parts(context, db, changes, revisions), missing


def _compare(
    listing: Listing,
    known: RecordRow | None,
    revisions: Revisions,
) -> Change | None:
    revision = listing.revision or revisions.revision(listing.summary)
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
    unavailable = listing.unavailable
    is_stub = unavailable is not None
    if unavailable is not None and unavailable.state == UnavailableState.LATER:
        return None  # nothing is known of it yet; the next sync looks again
    if known is None:
        return RunDecision.STUB if is_stub else RunDecision.NEW
    if known.state == RecordState.GONE:
        return RunDecision.BACK
    if known.state == RecordState.STUB and not is_stub:
        return RunDecision.NATIVE
    if known.state in FETCHABLE and is_stub:
        return RunDecision.STUB
    if known.revision != revision:
        return RunDecision.CHANGED
    if known.state in (RecordState.MISSING, RecordState.UNLISTED):
        return RunDecision.BACK
    return None


def _with_touched_parts(
    context: SyncContext,
    db: Db,
    changes: Sequence[Change],
    revisions: Revisions,
) -> list[Change]:
    """The same changes, those of the summary with the parts that they touch; a key that is new on
    most rows at once touches none.
    """
    differences = _differences(context, db, changes, revisions)
    schema_drift = drifted([difference.added for difference in differences.values()])
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
    """The first of the paths that changed, as a run remembers them; ``None`` if none has a name."""
    names = ", ".join(sorted(difference.paths)[:_MOST_NAMED])
    # A summary that is no object differs as a whole: its one path has no name.
    if not names:
        return None
    return f"{names} changed at the source"


def _differences(
    context: SyncContext,
    db: Db,
    changes: Sequence[Change],
    revisions: Revisions,
) -> dict[str, Difference]:
    """External id → how its summary changed, of those that are changed."""
    changed = {}
    for change in changes:
        if change.known is not None and change.decision == RunDecision.CHANGED:
            changed[change.known.id] = change.listing
    bodies = context.raws.newest(db, list(changed), only=PartName.SUMMARY)
    differences = {}
    for record_id, listing in changed.items():
        difference = Difference()
        before = bodies.get(record_id, {}).get(PartName.SUMMARY)
        if before is not None:
            body, _ = before
            difference = revisions.difference(body.read(), listing.summary)
        differences[listing.external_id] = difference
    return differences
