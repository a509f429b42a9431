"""Stores the result of deriving a record: its source activities, or why it is in quarantine.

The functions work in the caller's transaction. The raw parts, the source activities with their
claims, and the states of the parts are thus committed together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.matching.candidate_search import with_candidates
from fitglue_registry.model.stored import RunDecision
from fitglue_registry.store.quarantine import put_in_quarantine, release
from fitglue_registry.store.records import Attempt
from fitglue_registry.store.source_activities import put_source_activities

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from fitglue_registry.errors import FitglueError
    from fitglue_registry.store.encoding import EncodedActivity
    from fitglue_registry.store.source_activities import StoredLegs
    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.deriving.deriver import Derived
    from fitglue_registry.sync.run import Transaction


def store_derived(transaction: Transaction, results: Mapping[int, Derived]) -> list[StoredLegs]:
    """Store the results of deriving records.

    Activities are not updated here; call ``place_stored`` for that, once for a batch of records.

    Args:
        transaction: A transaction.
        results: Record id → the result.

    Returns:
        The stored legs of the records that do not go to quarantine.
    """
    sound = {}
    for record_id, derived in results.items():
        # Its earlier source activities stay as they are: an activity that was shown before does not
        # disappear because a new version of the plugin cannot read its record.
        if derived.refused is not None:
            quarantine(transaction, record_id, derived.refused)
        else:
            sound[record_id] = derived.encoded
    released = release(transaction.db, sound)
    for record_id in sound:
        if record_id in released:
            transaction.decide(RunDecision.RELEASED, record_id)
    context = transaction.context
    return put_source_activities(transaction.db, context.athlete_id, sound, _attempt(context))


def place_stored(transaction: Transaction, stored: Collection[StoredLegs]) -> None:
    """Bring the activities of stored source activities up to date.

    Matching is slow, because it loads and compares the neighbors of each workout. It is only done
    if the identity of a source activity changed, or if its values changed and it has a candidate.
    The others keep their activity, whose values are merged again.

    Args:
        transaction: The transaction in which they were stored.
        stored: What ``store_derived`` returned.
    """
    db = transaction.db
    context = transaction.context
    athlete_id = context.athlete_id
    now = context.now
    compared: dict[int, EncodedActivity] = {}
    for legs in stored:
        if legs.compare and not legs.rematch:
            compared.update(legs.legs)
    candidates = with_candidates(db, athlete_id, compared)

    ids: list[int] = []
    affected: set[str] = set()
    remerge: dict[int, EncodedActivity] = {}
    for legs in stored:
        if legs.rematch or not candidates.isdisjoint(legs.ids):
            ids.extend(legs.ids)
            affected.update(legs.affected)
        else:
            remerge.update(legs.legs)
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
