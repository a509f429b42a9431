"""Assigns an activity to each group of source activities.

Ids are permanent: when activities merge, the one with the lowest number survives and the other ids
become aliases of it; a split gives them back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.model.stored import ActivityChange
from fitglue_registry.store.activities import (
    Merged,
    changed_row,
    drop_empty,
    existing_activities,
    make_activities,
    write_activities,
)
from fitglue_registry.store.activity_changes import Changes
from fitglue_registry.store.rows import update_many
from fitglue_registry.store.tables import activities, aliases, source_activities

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.source_activity_rows import SourceActivityRow


def assign(
    db: Db,
    athlete_id: str,
    merged: Sequence[Merged],
    now: str,
) -> None:
    """Assign an activity to each group, and write the values that were merged for it.

    The groups must be complete: every member of an activity that a group touches is in one of them.
    The caller's transaction makes all of it visible at once.

    Args:
        db: A transaction that may write.
        athlete_id: The athlete to whom all members belong.
        merged: The groups. A group without an activity consists of stubs only.
        now: The moment that is stored.
    """
    previous = set[str]().union(*(_activity_ids(group) for group in merged))
    existing = existing_activities(db, previous)
    survivors = _survivors(merged, existing)
    taken: set[str | None] = set(survivors.values())

    changes = Changes(athlete_id)
    _assign_new(db, changes, [group for group in merged if _is_new(group)], now)
    written: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    for index, group in enumerate(merged):
        if _is_new(group):
            continue
        if group.activity is None:
            moved += _moved(group.members, None)
            continue

        # First choice is an id that a member has now, then that of an alias, then a new one.
        activity_id = survivors.get(index) or _restore_from_alias(db, group, changes, now)
        if activity_id is None:
            [activity_id] = make_activities(db, athlete_id, [group], now)
            changes.note(ActivityChange.NEW, activity_id)
        else:
            before = existing.get(activity_id)
            row = changed_row(activity_id, group, before, now)
            if row:
                changes.note_row(before, row)
                written.append(row)
        taken.add(activity_id)
        moved += _moved(group.members, activity_id)

        # Two groups may both have members of an activity that none of them keeps; only the first
        # makes an alias of it.
        merged_away = (_activity_ids(group) & existing.keys()) - taken
        taken |= merged_away
        for other in merged_away:
            _make_alias(db, existing[other], activity_id)
            changes.note(ActivityChange.MERGED, other, activity_id)
        _point_aliases(db, group, activity_id)

    write_activities(db, written)
    update_many(db, source_activities, moved)
    changes.store(db, now)
    # Last, because only now do all members have their new activity.
    drop_empty(db, existing.keys() - set(survivors.values()), now)


def _is_new(group: Merged) -> bool:
    """Return whether a group becomes an activity, and no member ever belonged to one."""
    if group.activity is None:
        return False
    return all(member.activity_id is None and member.home_id is None for member in group.members)


def _assign_new(
    db: Db,
    changes: Changes,
    groups: Sequence[Merged],
    now: str,
) -> None:
    """Make an activity of each of these groups, with a fixed number of statements."""
    moved: list[dict[str, Any]] = []
    activity_ids = make_activities(db, changes.athlete_id, groups, now)
    for group, activity_id in zip(groups, activity_ids, strict=True):
        changes.note(ActivityChange.NEW, activity_id)
        moved += _moved(group.members, activity_id)
    update_many(db, source_activities, moved)


def _activity_ids(group: Merged) -> set[str]:
    """Return the activities to which the members of a group belong so far."""
    return {member.activity_id for member in group.members if member.activity_id}


def _survivors(merged: Sequence[Merged], existing: Mapping[str | None, Any]) -> dict[int, str]:
    """Return, by the index of a group, the activity that the group keeps.

    Of the activities that a group inherits, it keeps the one with the lowest number, the oldest.
    """
    survivors: dict[int, str] = {}
    for activity_id, index in _heirs(merged).items():
        if activity_id not in existing:
            continue
        rival = survivors.get(index)
        if rival is None or existing[activity_id].number < existing[rival].number:
            survivors[index] = activity_id
    return survivors


def _heirs(merged: Sequence[Merged]) -> dict[str, int]:
    """Return, by activity id, the index of the group that inherits the activity.

    When the members of an activity are split over several groups, the group with the oldest member
    for which the activity was created inherits it; if there is no such member, the group with the
    oldest member.
    """
    best: dict[str, tuple[bool, int, int]] = {}
    for index, group in enumerate(merged):
        if group.activity is None:
            continue
        for member in group.members:
            if not member.activity_id:
                continue
            made_for_another = member.home_id != member.activity_id
            rank = (made_for_another, member.id, index)
            best[member.activity_id] = min(best.get(member.activity_id, rank), rank)
    return {activity_id: index for activity_id, (_, _, index) in best.items()}


def _moved(
    members: Sequence[SourceActivityRow],
    activity_id: str | None,
) -> Iterator[dict[str, Any]]:
    """Yield the new columns of the members that move to another activity, or first get one."""
    # Most members stay where they are, and an update of their rows would be a needless write.
    for member in members:
        home_id = member.home_id or activity_id
        if (member.activity_id, member.home_id) != (activity_id, home_id):
            yield {"id": member.id, "activity_id": activity_id, "home_id": home_id}


# -- aliases ---------------------------------------------------------------------------------------


def _restore_from_alias(
    db: Db,
    group: Merged,
    changes: Changes,
    now: str,
) -> str | None:
    """Make an alias an activity again if it once was the activity of a member; return its id.

    This is what a split does: the id and the number that the athlete knows return. ``None`` means
    that no member has an alias to return to.
    """
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
        # ``assign`` writes the values next, in the same transaction.
        "document": "{}",
        "origins": "{}",
        "created_at": now,
        "updated_at": now,
    }
    db.execute(sa.insert(activities).values(values))
    changes.note(ActivityChange.SPLIT, str(row.id))
    return str(row.id)


def _make_alias(
    db: Db,
    merged_away: Any,
    survivor: str,
) -> None:
    """Turn an activity into an alias of the survivor."""
    # Aliases of the activity are redirected first, so that no alias ever leads to an alias.
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
    """Redirect, after a split, an alias to the activity that has the member it was created for."""
    homes = {member.home_id for member in group.members if member.home_id}
    homes.discard(activity_id)
    if homes:
        moved = (aliases.c.id.in_(homes), aliases.c.activity_id != activity_id)
        db.execute(sa.update(aliases).where(*moved).values(activity_id=activity_id))
