"""The athletes in the store, their tiers and their locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.store.tables import (
    athletes,
)

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection as Db


def ensure_athlete(db: Db, athlete_id: str, now: str, tier: str | None = None) -> None:
    """Make the athlete if there is none of that id; give it the tier if one is named."""
    if db.scalar(sa.select(athletes.c.id).where(athletes.c.id == athlete_id)) is None:
        db.execute(
            sa.insert(athletes).values(id=athlete_id, tier=tier, next_number=1, created_at=now)
        )
    elif tier is not None:
        db.execute(sa.update(athletes).where(athletes.c.id == athlete_id).values(tier=tier))


def athlete_tier(db: Db, athlete_id: str) -> str | None:
    """The tier that the embedding application gave the athlete; ``None``: nobody limits."""
    return db.scalar(sa.select(athletes.c.tier).where(athletes.c.id == athlete_id))


def list_athletes(db: Db) -> list[str]:
    """The ids of all athletes."""
    return list(db.scalars(sa.select(athletes.c.id).order_by(athletes.c.id)))


def lock_athlete(db: Db, athlete_id: str) -> None:
    """Let one transaction at a time decide about an athlete's activities; SQLite has but one writer
    anyway.
    """
    if db.dialect.name != "sqlite":
        db.execute(sa.select(athletes.c.id).where(athletes.c.id == athlete_id).with_for_update())
