"""Stores the athletes and their tiers, and locks an athlete's activities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from fitglue_registry.store.tables import athletes

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection as Db


_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def ensure_athlete(
    db: Db,
    athlete_id: str,
    now: str,
    tier: str | None = None,
) -> None:
    """Store the athlete unless it exists, and set its tier if ``tier`` is given."""
    this_athlete = athletes.c.id == athlete_id
    known = db.scalar(sa.select(athletes.c.id).where(this_athlete))
    if known is None:
        values = {
            "id": athlete_id,
            "tier": tier,
            "next_number": 1,
            "created_at": now,
        }
        insert = _INSERT[db.dialect.name](athletes).values(values)
        # Another call may add the athlete at the same moment.
        if db.execute(insert.on_conflict_do_nothing()).rowcount:
            return
    if tier is not None:
        db.execute(sa.update(athletes).where(this_athlete).values(tier=tier))


def athlete_tier(db: Db, athlete_id: str) -> str | None:
    """Return the tier that the embedding application gave the athlete; ``None`` has no limits."""
    query = sa.select(athletes.c.tier).where(athletes.c.id == athlete_id)
    return db.scalar(query)


def list_athletes(db: Db) -> list[str]:
    """Return the ids of all athletes."""
    query = sa.select(athletes.c.id).order_by(athletes.c.id)
    return list(db.scalars(query))


def lock_athlete(db: Db, athlete_id: str) -> None:
    """Wait until no other transaction writes what this athlete has, and hold the lock.

    Two syncs of one athlete could otherwise both find no match for their copies of one workout,
    and create two activities. A transaction takes it before it writes anything else: two that have
    each written a row that the other one needs would wait for each other forever.
    """
    # SQLite has only one writer at a time.
    if db.dialect.name == "sqlite":
        return
    row = sa.select(athletes.c.id).where(athletes.c.id == athlete_id)
    # Only among each other: a new row that refers to the athlete need not wait.
    db.execute(row.with_for_update(key_share=True))
