"""Remembers by what a delivery is recognized, also in records that are stored already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.store.sent_identities import add_identities

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.matching.matcher import Matcher


def remember_sent(
    db: Db,
    matcher: Matcher,
    athlete_id: str,
    delivery_id: int,
    identities: Iterable[str],
    now: str,
) -> None:
    """Store the identities of a delivery, and match what a source has already listed under them.

    Args:
        db: The transaction that stores that the delivery arrived.
        matcher: The matcher.
        athlete_id: The athlete.
        delivery_id: The delivery.
        identities: Claims, such as ``intervals:i7``.
        now: The moment that is stored.
    """
    returned = add_identities(db, athlete_id, delivery_id, identities)
    if returned:
        matcher.rematch(db, athlete_id, returned, now)
