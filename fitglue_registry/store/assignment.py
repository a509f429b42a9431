"""Gives each group of source activities its activity: ids survive, merge into aliases, and return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.store.activities import (
    Merged,
    drop_empty,
    existing_activities,
    make_activity,
    write_activity,
)
from fitglue_registry.store.statements import update_one
from fitglue_registry.store.tables import (
    activities,
    aliases,
    source_activities,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.source_activity_rows import SourceActivityRow


def assign(db: Db, athlete_id: str, merged: Sequence[Merged], now: str) -> None:
    """Give each group its activity: the oldest id of its members survives, others become aliases, a
    split gives them back.
    """
    existing = existing_activities(
        db,
        {member.activity_id for group in merged for member in group.members if member.activity_id},
    )
    heirs = _heirs(merged)
    claimed: set[str | None] = set()
    chosen: list[tuple[Merged, str | None]] = []
    for place, group in enumerate(merged):
        own = [
            activity_id
            for activity_id, heir in heirs.items()
            if heir == place and activity_id in existing
        ]
        survivor = min(own, key=lambda activity_id: existing[activity_id].number) if own else None
        if survivor:
            claimed.add(survivor)
        chosen.append((group, survivor))
    for group, survivor in chosen:
        if group.activity is None:
            _set_activity(db, group.members, None)
            continue
        activity_id = survivor or _give_back(db, group, now)
        if activity_id is None:
            activity_id = make_activity(db, athlete_id, group, now)
        else:
            write_activity(db, activity_id, group, existing.get(activity_id), now)
        claimed.add(activity_id)
        _set_activity(db, group.members, activity_id)
        for other in {member.activity_id for member in group.members} & existing.keys() - claimed:
            claimed.add(other)
            _make_alias(db, existing[other], activity_id)
        _point_aliases(db, group, activity_id)
    drop_empty(db, existing.keys() - {activity_id for _, activity_id in chosen})


def _heirs(merged: Sequence[Merged]) -> dict[str, int]:
    """Activity → the group that inherits it when its members part: the one with the first member
    that it was made for.
    """
    best: dict[str, tuple[bool, int, int]] = {}
    for place, group in enumerate(merged):
        for member in group.members if group.activity else ():
            if member.activity_id:
                claim = (member.home_id != member.activity_id, member.id, place)
                best[member.activity_id] = min(best.get(member.activity_id, claim), claim)
    return {activity_id: place for activity_id, (_, _, place) in best.items()}


def _give_back(db: Db, group: Merged, now: str) -> str | None:
    """After a split, the activity that once was made for one of the members, with its number."""
    homes = {member.home_id for member in group.members if member.home_id}
    row = (
        db.execute(
            sa.select(aliases).where(aliases.c.id.in_(homes)).order_by(aliases.c.number).limit(1)
        ).first()
        if homes
        else None
    )
    if row is None:
        return None
    db.execute(sa.delete(aliases).where(aliases.c.id == row.id))
    db.execute(
        sa.insert(activities).values(
            id=row.id,
            athlete_id=row.athlete_id,
            number=row.number,
            document="{}",
            origins="{}",
            created_at=now,
            updated_at=now,
        )
    )
    return str(row.id)


def _set_activity(db: Db, members: Sequence[SourceActivityRow], activity_id: str | None) -> None:
    for member in members:
        changed = {"activity_id": activity_id} if member.activity_id != activity_id else {}
        if member.home_id is None and activity_id is not None:
            changed["home_id"] = activity_id
        if changed:
            update_one(db, source_activities, member.id, **changed)


def _make_alias(db: Db, merged_away: Any, survivor: str) -> None:
    db.execute(
        sa.update(aliases)
        .where(aliases.c.activity_id == merged_away.id)
        .values(activity_id=survivor)
    )
    db.execute(
        sa.insert(aliases).values(
            id=merged_away.id,
            athlete_id=merged_away.athlete_id,
            number=merged_away.number,
            activity_id=survivor,
        )
    )
    db.execute(sa.delete(activities).where(activities.c.id == merged_away.id))


def _point_aliases(db: Db, group: Merged, activity_id: str) -> None:
    """After a split, an alias leads to where the members are that its activity was made for."""
    homes = {
        member.home_id
        for member in group.members
        if member.home_id and member.home_id != activity_id
    }
    if homes:
        moved = (aliases.c.id.in_(homes), aliases.c.activity_id != activity_id)
        db.execute(sa.update(aliases).where(*moved).values(activity_id=activity_id))
