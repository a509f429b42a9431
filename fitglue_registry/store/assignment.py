"""Gives each group of source activities its activity: ids survive, merge into aliases, and
return after a split.
"""

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
from fitglue_registry.store.tables import activities, aliases, source_activities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.source_activity_rows import SourceActivityRow


def assign(
    db: Db,
    athlete_id: str,
    merged: Sequence[Merged],
    now: str,
) -> None:
    """Give each group its activity: the oldest id of its members survives, others become aliases, a
    split gives them back.
    """
    had = set[str]().union(*(_activity_ids(group) for group in merged))
    existing = existing_activities(db, had)
    survivors = _survivors(merged, existing)
    claimed: set[str | None] = set(survivors.values())

    for place, group in enumerate(merged):
        if group.activity is None:
            _set_activity(db, group.members, None)
            continue

        activity_id = survivors.get(place) or _give_back(db, group, now)
        if activity_id is None:
            activity_id = make_activity(db, athlete_id, group, now)
        else:
            write_activity(db, activity_id, group, existing.get(activity_id), now)
        claimed.add(activity_id)
        _set_activity(db, group.members, activity_id)

        merged_away = (_activity_ids(group) & existing.keys()) - claimed
        claimed |= merged_away
        for other in merged_away:
            _make_alias(db, existing[other], activity_id)
        _point_aliases(db, group, activity_id)

    drop_empty(db, existing.keys() - set(survivors.values()))


def _activity_ids(group: Merged) -> set[str]:
    """The activities that the members of a group belong to so far."""
    return {member.activity_id for member in group.members if member.activity_id}


def _survivors(merged: Sequence[Merged], existing: Mapping[str | None, Any]) -> dict[int, str]:
    """The place of a group → the activity that it keeps: of those that it inherits, the one with
    the lowest number.
    """
    survivors: dict[int, str] = {}
    for activity_id, place in _heirs(merged).items():
        if activity_id not in existing:
            continue
        rival = survivors.get(place)
        if rival is None or existing[activity_id].number < existing[rival].number:
            survivors[place] = activity_id
    return survivors


def _heirs(merged: Sequence[Merged]) -> dict[str, int]:
    """Activity → the place of the group that inherits it when its members part: the one with the
    first member that it was made for.
    """
    best: dict[str, tuple[bool, int, int]] = {}
    for place, group in enumerate(merged):
        if group.activity is None:
            continue
        for member in group.members:
            if not member.activity_id:
                continue
            made_for_another = member.home_id != member.activity_id
            claim = (made_for_another, member.id, place)
            best[member.activity_id] = min(best.get(member.activity_id, claim), claim)
    return {activity_id: place for activity_id, (_, _, place) in best.items()}


def _set_activity(
    db: Db,
    members: Sequence[SourceActivityRow],
    activity_id: str | None,
) -> None:
    for member in members:
        changed = {}
        if member.activity_id != activity_id:
            changed["activity_id"] = activity_id
        if member.home_id is None and activity_id is not None:
            changed["home_id"] = activity_id
        if changed:
            update_one(db, source_activities, member.id, **changed)


# -- aliases ---------------------------------------------------------------------------------------


def _give_back(
    db: Db,
    group: Merged,
    now: str,
) -> str | None:
    """After a split, the activity that once was made for one of the members, with its number."""
    homes = {member.home_id for member in group.members if member.home_id}
    if not homes:
        return None
    oldest = sa.select(aliases).where(aliases.c.id.in_(homes)).order_by(aliases.c.number).limit(1)
    row = db.execute(oldest).first()
    if row is None:
        return None

    db.execute(sa.delete(aliases).where(aliases.c.id == row.id))
    values = {
        "id": row.id,
        "athlete_id": row.athlete_id,
        "number": row.number,
        # What it says is written next, see ``assign``.
        "document": "{}",
        "origins": "{}",
        "created_at": now,
        "updated_at": now,
    }
    db.execute(sa.insert(activities).values(values))
    return str(row.id)


def _make_alias(
    db: Db,
    merged_away: Any,
    survivor: str,
) -> None:
    led_there = aliases.c.activity_id == merged_away.id
    db.execute(sa.update(aliases).where(led_there).values(activity_id=survivor))
    values = {
        "id": merged_away.id,
        "athlete_id": merged_away.athlete_id,
        "number": merged_away.number,
        "activity_id": survivor,
    }
    db.execute(sa.insert(aliases).values(values))
    db.execute(sa.delete(activities).where(activities.c.id == merged_away.id))


def _point_aliases(
    db: Db,
    group: Merged,
    activity_id: str,
) -> None:
    """After a split, an alias leads to where the members are that its activity was made for."""
    homes = {member.home_id for member in group.members if member.home_id}
    homes.discard(activity_id)
    if homes:
        moved = (aliases.c.id.in_(homes), aliases.c.activity_id != activity_id)
        db.execute(sa.update(aliases).where(*moved).values(activity_id=activity_id))
