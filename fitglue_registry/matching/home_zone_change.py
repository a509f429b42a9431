"""Merges again what depends on the home zone of an athlete, after the athlete has changed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.dedupe.home_zone import HOME_ZONE
from fitglue_registry.store.source_activity_search import members_of
from fitglue_registry.store.tables import activities

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.matching.matcher import Matcher


def remerge_for_home_zone(
    db: Db,
    matcher: Matcher,
    athlete_id: str,
    now: str,
) -> int:
    """Merge every activity again that the home zone may change.

    These are the activities whose start is known on one clock only, and those in which the other
    clock was filled in from a home zone.

    Args:
        db: A transaction that may write and that has locked the athlete.
        matcher: The matcher that merges.
        athlete_id: The athlete.
        now: The moment that is stored.

    Returns:
        The number of activities whose values changed.
    """
    depends = sa.or_(
        activities.c.start_local.is_(None),
        activities.c.start_utc.is_(None),
        activities.c.document.contains(f'"by":"{HOME_ZONE}"'),
    )
    query = sa.select(activities.c.id, activities.c.document).where(
        activities.c.athlete_id == athlete_id, depends
    )
    before = {row.id: row.document for row in db.execute(query)}
    matcher.remerge(db, athlete_id, members_of(db, before), now)
    after = {row.id: row.document for row in db.execute(query)}
    return sum(after.get(activity_id) != document for activity_id, document in before.items())
