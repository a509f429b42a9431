"""What is known about pairs of candidates, as the edges of a graph."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from fitglue_registry.model.stored import OpinionSource, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fitglue_registry.dedupe.candidate import Candidate

PairKey = tuple[int, int]
"""The ids of two candidates, the smaller one first."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One statement about a pair: of equal claims, a plugin, the score, or the athlete.

    ``said_by`` is an ``OpinionSource`` or a plugin name; ``probability`` is that of being the same
    workout, where the score states it.
    """

    first: int
    second: int
    verdict: Verdict
    said_by: str
    reason: str
    probability: float = 1.0

    @property
    def key(self) -> PairKey:
        """The pair that the statement is about."""
        return pair_key(self.first, self.second)


def pair_key(first: int, second: int) -> PairKey:
    """The key of a pair, whichever of the two comes first."""
    return min(first, second), max(first, second)


def claim_edges(candidates: Iterable[Candidate]) -> list[Edge]:
    """*Same* for every pair that shares a claim.

    Differing ids of one service say nothing: accounts hold their own doubles.
    """
    holders: dict[str, list[int]] = defaultdict(list)
    for candidate in candidates:
        for claim in candidate.claims:
            holders[claim].append(candidate.id)
    edges: dict[PairKey, Edge] = {}
    for claim, ids in sorted(holders.items()):
        for first, second in combinations(sorted(ids), 2):
            edge = Edge(first, second, Verdict.SAME, OpinionSource.CLAIM, f"both are {claim}")
            edges.setdefault(edge.key, edge)
    return list(edges.values())


def inherited(edges: Sequence[Edge]) -> list[Edge]:
    """What follows from the athlete's *same*: a copy of one side is the same as the other side.

    That holds where nobody but the score has doubts about the pair. Without it a copy could not
    join, as its start and length may be far from those of the other side. No person has looked at
    the pair itself, so anybody's *different* wins over it.
    """
    copies: dict[int, set[int]] = defaultdict(set)
    for edge in edges:
        if edge.verdict == Verdict.SAME:
            copies[edge.first].add(edge.second)
            copies[edge.second].add(edge.first)
    settled = {edge.key for edge in edges if edge.verdict != Verdict.ASK}

    inherited_edges: dict[PairKey, Edge] = {}
    for edge in edges:
        if edge.said_by != OpinionSource.PERSON or edge.verdict != Verdict.SAME:
            continue
        for side, other in ((edge.first, edge.second), (edge.second, edge.first)):
            for copy in copies[side]:
                pair = pair_key(copy, other)
                if copy != other and pair not in settled:
                    said_by = OpinionSource.PERSON_OF_A_COPY
                    inherited_edges[pair] = Edge(*pair, Verdict.SAME, said_by, edge.reason)
    return list(inherited_edges.values())


def settled_edges(edges: Iterable[Edge]) -> dict[PairKey, Edge]:
    """The one statement about each pair that counts.

    The athlete's wins over all others and the score's over none, and *different* over *same*.
    """
    settled: dict[PairKey, Edge] = {}
    for edge in sorted(edges, key=_precedence):
        settled.setdefault(edge.key, edge)
    return settled


def strength(edge: Edge) -> int:
    """How much a statement counts; the smallest number wins."""
    if edge.said_by == OpinionSource.PERSON:
        return 0
    if edge.said_by == OpinionSource.SCORE:
        return 2
    return 1


def _precedence(edge: Edge) -> tuple[int, bool, str]:
    return strength(edge), edge.verdict == Verdict.SAME, edge.said_by
