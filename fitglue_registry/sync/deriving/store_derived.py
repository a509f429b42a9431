"""Stores the result of deriving a record: its source activities, or why it is in quarantine.

The functions work in the caller's transaction. The raw parts, the source activities with their
claims, and the states of the parts are thus committed together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.matching.candidate_search import has_candidates
from fitglue_registry.model.stored import RunDecision
from fitglue_registry.store.quarantine import put_in_quarantine, release
from fitglue_registry.store.records import Attempt
from fitglue_registry.store.source_activities import put_source_activities

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_registry.errors import FitglueError
    from fitglue_registry.store.encoding import EncodedActivity
    from fitglue_registry.store.source_activities import StoredLegs
    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.deriving.deriver import Derived
    from fitglue_registry.sync.run import Transaction


def store_derived(
    transaction: Transaction,
    record_id: int,
    derived: Derived,
) -> StoredLegs | None:
    """Store the result of deriving a record.

    Activities are not updated here; call ``place_stored`` for that, once for a batch of records.

    Args:
        transaction: A transaction.
        record_id: The record.
        derived: The result.

    Returns:
        The stored legs; ``None`` if the record is in quarantine.
    """
    # Its earlier source activities stay as they are: an activity that was shown before does not
    # disappear because a new version of the plugin cannot read its record.
    if derived.refused is not None:
        quarantine(transaction, record_id, derived.refused)
        return None
    if release(transaction.db, record_id):
        transaction.decide(RunDecision.RELEASED, record_id)
    return put_derived(transaction, record_id, derived)


def put_derived(
    transaction: Transaction,
    record_id: int,
    derived: Derived,
) -> StoredLegs:
    """Store the source activities of a record in place of those that it had."""
    context = transaction.context
    return put_source_activities(
        transaction.db,
        record_id,
        context.athlete_id,
        derived.encoded,
        _attempt(context),
    )


def place_stored(transaction: Transaction, stored: Iterable[StoredLegs | None]) -> None:
    """Bring the activities of stored source activities up to date.

    Matching is slow, because it loads and compares the neighbors of each workout. It is only done
    if the identity of a source activity changed, or if its values changed and it has a candidate.
    The others keep their activity, whose values are merged again.

    Args:
        transaction: The transaction in which they were stored.
        stored: What ``store_derived`` returned for each record.
    """
    db = transaction.db
    context = transaction.context
    athlete_id = context.athlete_id
    now = context.now
    ids: list[int] = []
    affected: set[str] = set()
    remerge: list[tuple[int, EncodedActivity]] = []
    for legs in stored:
        if legs is None:
            continue
        if legs.rematch or (legs.compare and has_candidates(db, athlete_id, legs)):
            ids.extend(legs.ids)
            affected.update(legs.affected)
        else:
            remerge.extend(legs.legs)
    if ids or affected:
        context.matcher.rematch(db, athlete_id, ids, now, affected)
    if remerge:
        context.matcher.remerge_changed(db, athlete_id, remerge, now)


def quarantine(
    transaction: Transaction,
    record_id: int,
    refused: FitglueError,
) -> None:
    """Put a record into quarantine, where it stays until it or its plugin changes.

    A decision is only stored if the reason is new. Otherwise each retry would add one.
    """
    attempt = _attempt(transaction.context)
    is_news = put_in_quarantine(transaction.db, record_id, refused.as_dict(), attempt)
    if is_news:
        transaction.decide(RunDecision.QUARANTINED, record_id, str(refused))


def _attempt(context: SyncContext) -> Attempt:
    return Attempt(context.entry.plugin.name, context.plugin_version, context.now)
