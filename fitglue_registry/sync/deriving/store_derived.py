"""Stores what was made of a record, in a transaction of others: its source activities and their
matches, or the reason why it is kept aside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.matching.neighbourhood import has_candidates
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
    """Store what was made of a record, or keep it aside; its activities are for ``place_stored`` to
    bring up to date.
    """
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
    """Store the source activities that were made of a record."""
    context = transaction.context
    return put_source_activities(
        transaction.db,
        record_id,
        context.athlete_id,
        derived.encoded,
        _attempt(context),
    )


def place_stored(transaction: Transaction, stored: Iterable[StoredLegs | None]) -> None:
    """Match anew what changed in what decides about matches; merge again what only says something
    else.
    """
    db = transaction.db
    context = transaction.context
    athlete_id = context.athlete_id
    now = context.now
    ids: list[int] = []
    affected: set[str] = set()
    remerge: list[tuple[int, EncodedActivity]] = []
    for each in stored:
        if each is None:
            continue
        if each.rematch or (each.compare and has_candidates(db, athlete_id, each)):
            ids.extend(each.ids)
            affected.update(each.affected)
        else:
            remerge.extend(each.legs)
    if ids or affected:
        context.matcher.place(db, athlete_id, ids, now, affected)
    if remerge:
        context.matcher.remerge(db, athlete_id, remerge, now)


def quarantine(
    transaction: Transaction,
    record_id: int,
    refused: FitglueError,
) -> None:
    """Keep a record aside with the reason, until it or its plugin changes."""
    attempt = _attempt(transaction.context)
    is_news = put_in_quarantine(transaction.db, record_id, refused.as_dict(), attempt)
    if is_news:
        transaction.decide(RunDecision.QUARANTINED, record_id, str(refused))


def _attempt(context: SyncContext) -> Attempt:
    return Attempt(context.entry.plugin.name, context.plugin_version, context.now)
