"""Relates what pipelines have sent, and what sources list now, to the activity that was sent.

A source activity that asserts an identity of a delivery (``store.sent_identities``) is a copy of
what was sent, whatever the score says: a service may have cut, moved or thinned the recording.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from fitglue_registry.dedupe import Edge
from fitglue_registry.dedupe.edges import MOST_HOLDERS
from fitglue_registry.model.stored import OpinionSource, Verdict
from fitglue_registry.store.sent_deliveries import delivery_ids_of, sent_deliveries
from fitglue_registry.store.sent_identities import (
    deliveries_among,
    echoes_among,
    has_sent,
    identities_of,
    ids_asserting,
)
from fitglue_registry.store.source_activity_search import members_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.dedupe.edges import PairKey
    from fitglue_registry.store.source_activity_rows import SourceActivityRow

    Rows = Mapping[int, SourceActivityRow]

#: The order in which clustering applies *same* edges of one rank. A copy stays with the member that
#: keeps the activity if the athlete splits it.
_WITH_KEEPER = 1.0
_WITH_OTHERS = 0.99


def related_by_deliveries(db: Db, athlete_id: str, rows: Rows) -> set[int]:
    """Return the ids of the source activities that deliveries relate to these.

    They are the members of the activities of which one of these is a copy, and the copies of the
    activities to which one of these belongs.
    """
    if not has_sent(db, athlete_id):
        return set()
    asserted = {row.id: row.claims for row in rows.values()}
    found = deliveries_among(db, athlete_id, asserted)
    delivery_ids: set[int] = set().union(*found.values())
    activity_ids = set()
    for delivery in sent_deliveries(db, delivery_ids).values():
        activity_ids.add(delivery.home_id)
        if delivery.activity_id is not None:
            activity_ids.add(delivery.activity_id)
    for row in rows.values():
        activity_ids.update(name for name in (row.activity_id, row.home_id) if name)
    delivery_ids |= delivery_ids_of(db, athlete_id, activity_ids)
    identities = identities_of(db, athlete_id, delivery_ids)
    return members_of(db, activity_ids) | ids_asserting(db, athlete_id, identities)


@dataclass(frozen=True, slots=True)
class Copies:
    """The copies of what was sent, among source activities that are related to each other.

    Attributes:
        by_activity: Activity that was sent → the ids of its copies.
    """

    by_activity: Mapping[str, frozenset[int]] = field(default_factory=dict)

    def edges(self, rows: Rows) -> list[Edge]:
        """Return an edge *same* for every pair of a copy and a member of the activity.

        Copies of one activity are *same* among each other, too.

        Args:
            rows: Id → row of the source activities whose record is not gone.
        """
        edges: dict[PairKey, Edge] = {}
        for activity_id, copies in sorted(self.by_activity.items()):
            members = {row.id for row in rows.values() if row.activity_id == activity_id}
            for edge in _edges(copies.intersection(rows), members - copies, rows):
                edges.setdefault(edge.key, edge)
        return list(edges.values())

    def beside_originals(self, rows: Rows) -> set[int]:
        """Return the copies of activities that have a present member of their own.

        Whose copy such a one is, the delivery says. Its score says nothing more, and could be
        misleading: what was sent lacks what tells two workouts apart, such as a part of the track.

        Args:
            rows: Id → row of the source activities whose record is not gone.
        """
        found: set[int] = set()
        for activity_id, copies in self.by_activity.items():
            for row in rows.values():
                if row.activity_id == activity_id and row.id not in copies:
                    found |= copies
                    break
        return found

    def activities_of(self, ids: Iterable[int]) -> Iterator[str]:
        """Yield the activities of which one of these source activities is a copy."""
        wanted = set(ids)
        for activity_id, copies in sorted(self.by_activity.items()):
            if not wanted.isdisjoint(copies):
                yield activity_id


def copies_among(db: Db, athlete_id: str, rows: Rows) -> Copies:
    """Return the copies among source activities.

    If there are more of one activity than any workout has, its identities identify nothing.

    Args:
        db: A transaction.
        athlete_id: The athlete.
        rows: Id → row of the source activities, with their claims.
    """
    asserted = {row.id: row.claims for row in rows.values()}
    found = deliveries_among(db, athlete_id, asserted)
    if not found:
        return Copies()
    deliveries = sent_deliveries(db, set().union(*found.values()))
    echoes = echoes_among(db, athlete_id, found)
    copies: dict[str, set[int]] = defaultdict(set)
    for number, delivery_ids in found.items():
        for delivery_id in delivery_ids:
            delivery = deliveries[delivery_id]
            # A member from which the activity was made may assert the same identity, which is the
            # hash of its file. It is no copy of itself.
            if number in echoes or rows[number].home_id != delivery.home_id:
                copies[delivery.activity_id or delivery.home_id].add(number)
    by_activity = {}
    for activity_id, numbers in copies.items():
        if len(numbers) <= MOST_HOLDERS:
            by_activity[activity_id] = frozenset(numbers)
    return Copies(by_activity)


def edges_of_copies(db: Db, athlete_id: str, present: Rows) -> list[Edge]:
    """Return the edges between copies and what was sent, among source activities that are present.

    Args:
        db: A transaction.
        athlete_id: The athlete.
        present: Id → row, with claims.
    """
    return copies_among(db, athlete_id, present).edges(present)


def _edges(copies: Iterable[int], members: Iterable[int], rows: Rows) -> Iterator[Edge]:
    """Yield an edge for each pair of a copy and a member, and for each pair of copies."""

    def rank(number: int) -> tuple[bool, int]:
        # ``store.assignment`` lets the same member keep the activity.
        row = rows[number]
        return row.home_id != row.activity_id, row.id

    ordered = sorted(members, key=rank)
    for copy in sorted(copies):
        for position, member in enumerate(ordered):
            yield _edge(copy, member, _WITH_OTHERS if position else _WITH_KEEPER)
    for copy, other in combinations(sorted(copies), 2):
        yield _edge(copy, other, _WITH_OTHERS)


def _edge(copy: int, other: int, probability: float) -> Edge:
    reason = "a pipeline sent one of them, and it came back"
    return Edge(copy, other, Verdict.SAME, OpinionSource.DELIVERY, reason, probability)
