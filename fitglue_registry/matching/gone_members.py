"""Adds source activities whose record is gone to the groups that keep their activities.

Clustering divides only those that are present. One that is gone stays a member of its activity, so
that it is one again as soon as its record is listed again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.matching.natural_order import natural_key
from fitglue_registry.model.stored import OpinionSource, Verdict
from fitglue_registry.store.opinions import opinions_about

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.matching.sent_copies import Copies
    from fitglue_registry.store.source_activity_rows import SourceActivityRow

    #: Activity id → the group that keeps the activity.
    Heirs = dict[str | None, list[SourceActivityRow]]

_BY_ATHLETE = (OpinionSource.PERSON, OpinionSource.PERSON_OF_A_COPY)


def with_gone(
    db: Db,
    groups: list[list[SourceActivityRow]],
    rows: Mapping[int, SourceActivityRow],
    copies: Copies,
) -> list[list[SourceActivityRow]]:
    """Add each source activity whose record is gone to the group that keeps its activity.

    If all members of an activity are gone, what a pipeline has sent of it keeps the activity. If
    nothing does, its source activities form a group of their own.

    Args:
        db: A transaction.
        groups: The groups of those that are present; they are changed.
        rows: Id → row of all source activities.
        copies: Those among them that a pipeline has sent.

    Returns:
        The groups, and those that consist of members that are gone.
    """
    heirs = _heirs(groups)
    gone = [row for row in rows.values() if row.gone]
    if gone:
        _add_copies(db, heirs, groups, gone, copies)
    all_groups = list(groups)
    for row in sorted(gone, key=natural_key):
        group = heirs.get(row.activity_id)
        if group is None:
            group = []
            all_groups.append(group)
            heirs[row.activity_id] = group
        group.append(row)
    return all_groups


def _add_copies(
    db: Db,
    heirs: Heirs,
    groups: Sequence[list[SourceActivityRow]],
    gone: Sequence[SourceActivityRow],
    copies: Copies,
) -> None:
    """Let groups with a copy keep the activities that nothing else keeps."""
    for group in groups:
        ids = {row.id for row in group}
        for activity_id in copies.activities_of(ids):
            members = {row.id for row in gone if row.activity_id == activity_id}
            if activity_id not in heirs and not _are_apart(db, ids, members):
                heirs[activity_id] = group


def _are_apart(db: Db, ids: set[int], others: set[int]) -> bool:
    """Return whether the athlete has decided that some of these differ from some of the others."""
    for opinion in opinions_about(db, ids):
        is_across = not {opinion.first_id, opinion.second_id}.isdisjoint(others)
        is_decided = opinion.said_by in _BY_ATHLETE and opinion.verdict == Verdict.DIFFERENT
        if is_across and is_decided:
            return True
    return False


def _heirs(groups: Sequence[list[SourceActivityRow]]) -> Heirs:
    """Return activity id → the group that keeps the activity if its members are split.

    ``store.assignment`` applies the same order: first the member for which the activity was
    created, then the smallest id.
    """
    ranked = []
    for position, group in enumerate(groups):
        for row in group:
            ranked.append((row.home_id != row.activity_id, row.id, position, row.activity_id))
    heirs: Heirs = {}
    # The best comes last, so that it overwrites the others.
    for _, _, position, activity_id in sorted(
        ranked,
        key=lambda rank: rank[:3],
        reverse=True,
    ):
        if activity_id is not None:
            heirs[activity_id] = groups[position]
    return heirs
