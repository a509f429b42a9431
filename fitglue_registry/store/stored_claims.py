"""Stores the claims of source activities."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.store.rows import insert_many
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.tables import claims, source_activities

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy.engine import Connection as Db

_CLAIMS = Statement(
    sa.select(claims.c.source_activity_id, claims.c.claim).where(
        claims.c.source_activity_id.in_(IDS)
    )
)
_OF_ACTIVITIES = Statement(
    sa.select(source_activities.c.activity_id, claims.c.claim)
    .join(claims, claims.c.source_activity_id == source_activities.c.id)
    .where(source_activities.c.activity_id.in_(IDS))
)
_DELETE = Statement(
    sa.delete(claims).where(
        claims.c.source_activity_id == sa.bindparam("source_activity"),
        claims.c.claim == sa.bindparam("dropped"),
    )
)


def claims_of(db: Db, ids: Iterable[int]) -> dict[int, set[str]]:
    """Return the claims of source activities by their ids."""
    asserted: dict[int, set[str]] = defaultdict(set)
    for source_activity_id, claim in _CLAIMS.each_row(db, ids):
        asserted[source_activity_id].add(claim)
    return asserted


def claims_of_activities(db: Db, activity_ids: Iterable[str]) -> dict[str, set[str]]:
    """Return the claims of all records of activities, by the ids of the activities."""
    asserted: dict[str, set[str]] = defaultdict(set)
    for activity_id, claim in _OF_ACTIVITIES.each_row(db, sorted(set(activity_ids))):
        asserted[activity_id].add(claim)
    return asserted


def put_claims(
    db: Db,
    athlete_id: str,
    asserted: Mapping[int, Iterable[str]],
    known: Collection[int],
) -> set[int]:
    """Store the claims of source activities in place of those that they had.

    Args:
        db: A transaction that may write.
        athlete_id: The athlete to whom they belong.
        asserted: Source activity id → its claims.
        known: The ids of those that may have claims already.

    Returns:
        The ids of the source activities whose claims changed.
    """
    before = claims_of(db, known)
    new = []
    dropped = []
    changed = set()
    for number, now in asserted.items():
        had = before.get(number, set())
        for claim in sorted(set(now) - had):
            new.append({"source_activity_id": number, "claim": claim, "athlete_id": athlete_id})
        for claim in had.difference(now):
            dropped.append({"source_activity": number, "dropped": claim})
        if had != set(now):
            changed.add(number)
    _DELETE.run_many(db, dropped)
    insert_many(db, claims, new)
    return changed
