"""Opinions about pairs of candidates, as the edges of a graph."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from fitglue_registry.model.stored import OpinionSource, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fitglue_registry.dedupe.candidate import Candidate

#: A claim that more source activities of one athlete assert than these identifies nothing, because
#: no workout is listed that often.
MOST_HOLDERS = 100

PairKey = tuple[int, int]
"""The ids of two candidates, the smaller one first."""

#: Whose *same* is passed on to copies → who says so then.
_INHERITED: dict[str, OpinionSource] = {
    OpinionSource.PERSON: OpinionSource.PERSON_OF_A_COPY,
    OpinionSource.DELIVERY: OpinionSource.DELIVERY,
}


@dataclass(frozen=True, slots=True)
class Edge:
    """One opinion about a pair of candidates.

    Attributes:
        first: The id of one candidate.
        second: The id of the other one.
        verdict: Whether they are one workout.
        said_by: Whose opinion it is: an ``OpinionSource``, or the name of a plugin.
        reason: Why, as a sentence; empty for an opinion of the score.
        probability: The probability that they are one workout. It is 1 unless the score states it.
    """

    first: int
    second: int
    verdict: Verdict
    said_by: str
    reason: str
    probability: float = 1.0

    @property
    def key(self) -> PairKey:
        """The pair that the opinion is about."""
        return pair_key(self.first, self.second)


def pair_key(first: int, second: int) -> PairKey:
    """Return the key of a pair, which is the same in either order."""
    return min(first, second), max(first, second)


def claim_edges(candidates: Iterable[Candidate]) -> list[Edge]:
    """Return an edge *same* for every pair that shares a claim.

    A claim with more than ``MOST_HOLDERS`` holders is ignored. Different ids of one service are no
    evidence that two workouts are different, because real accounts contain duplicates.
    """
    holders: dict[str, list[int]] = defaultdict(list)
    for candidate in candidates:
        for claim in candidate.claims:
            holders[claim].append(candidate.id)
    edges: dict[PairKey, Edge] = {}
    for claim, ids in sorted(holders.items()):
        if len(ids) > MOST_HOLDERS:
            continue
        for first, second in combinations(sorted(ids), 2):
            edge = Edge(first, second, Verdict.SAME, OpinionSource.CLAIM, f"both are {claim}")
            edges.setdefault(edge.key, edge)
    return list(edges.values())


def inherited_edges(edges: Sequence[Edge]) -> list[Edge]:
    """Return the edges that follow by one step of transitivity from a *same* that is certain.

    It is the athlete's, or that of a delivery: B is what a pipeline has sent of A. If C is another
    copy of A, then C and B are one workout as well. Without this edge C could not join them,
    because its start and duration may differ too much from those of B. Nobody has seen the pair of
    C and B, so an opinion that anyone has about it takes precedence, except an *ask*.
    """
    copies: dict[int, set[int]] = defaultdict(set)
    for edge in edges:
        if edge.verdict == Verdict.SAME:
            copies[edge.first].add(edge.second)
            copies[edge.second].add(edge.first)
    settled = {edge.key for edge in edges if edge.verdict != Verdict.ASK}

    inherited: dict[PairKey, Edge] = {}
    for edge in edges:
        if edge.said_by not in _INHERITED or edge.verdict != Verdict.SAME:
            continue
        for side, other in ((edge.first, edge.second), (edge.second, edge.first)):
            for copy in copies[side]:
                pair = pair_key(copy, other)
                if copy != other and pair not in settled:
                    said_by = _INHERITED[edge.said_by]
                    inherited[pair] = Edge(*pair, Verdict.SAME, said_by, edge.reason)
    return list(inherited.values())


def strongest_edges(edges: Iterable[Edge]) -> dict[PairKey, Edge]:
    """Return the edge of each pair that takes precedence over the other edges of the pair.

    The order is: the athlete, then claims, deliveries and plugins, then the score. Of two edges
    with the same precedence, *different* wins: a plugin that knows that two workouts differ is
    right even if they share a claim.
    """
    strongest: dict[PairKey, Edge] = {}
    for edge in sorted(edges, key=_sort_key):
        strongest.setdefault(edge.key, edge)
    return strongest


def precedence(edge: Edge) -> int:
    """Return the rank of an edge by its source; the smallest one wins."""
    if edge.said_by == OpinionSource.PERSON:
        return 0
    if edge.said_by == OpinionSource.SCORE:
        return 2
    return 1


def _sort_key(edge: Edge) -> tuple[int, bool, str]:
    # The source comes last, so that the result does not depend on the order of the edges.
    return precedence(edge), edge.verdict == Verdict.SAME, edge.said_by
