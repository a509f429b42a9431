"""The whole of matching: claims, then candidates, then evidence, and out of what all say the groups
that are one workout.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

from fitglue_registry.dedupe.blocking import candidates
from fitglue_registry.dedupe.cluster import SCORE, Card, Edge, clusters, questions
from fitglue_registry.dedupe.matching import claim_edges
from fitglue_registry.dedupe.score import Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fitglue_registry.dedupe.weights import Weights

Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Matched:
    """What became of a set of cards: the groups, and what the score says of each candidate pair
    (the smaller id first).
    """

    groups: list[list[Card]]
    verdicts: dict[Key, Verdict]
    questions: list[Edge]  # what is left to ask a person


class Scorer:
    """Judges pairs by the score, each once."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self.verdicts: dict[Key, Verdict] = {}

    def judge(self, one: Card, two: Card) -> Verdict:
        """The verdict on a pair; their recordings are read only where the rest leaves doubt."""
        # So that the verdict does not hang on the order.
        first, second = sorted((one, two), key=lambda card: card.key)
        key = (min(one.id, two.id), max(one.id, two.id))
        if key not in self.verdicts:
            self.verdicts[key] = judge(
                first.traits, second.traits, self._weights, lambda: (first.look(), second.look())
            )
        return self.verdicts[key]

    def judge_candidates(self, changed: Sequence[Card], others: Sequence[Card] = ()) -> list[Edge]:
        """What the score says of every candidate pair that has a changed card."""
        return [
            edge_of(one, two, self.judge(one, two))
            for one, two in candidates(changed, others, self._weights.cuts)
        ]

    def may_be_one(self, one: Card, two: Card) -> bool:
        """Whether a pair of which nothing was said could be one workout."""
        return self.judge(one, two).said != "different"


def edge_of(one: Card, two: Card, verdict: Verdict) -> Edge:
    """A verdict of the score as something that was said of a pair."""
    return Edge(one.id, two.id, verdict.said, SCORE, "", verdict.probability)


def match(cards: Sequence[Card], weights: Weights, said: Iterable[Edge] = ()) -> Matched:
    """Match the cards of one person from nothing; ``said`` is what plugins and the person said of
    pairs.
    """
    scorer = Scorer(weights)
    edges = [*claim_edges(cards), *said, *scorer.judge_candidates(cards)]
    verdicts = dict(scorer.verdicts)
    groups = clusters(cards, edges, scorer.may_be_one)
    return Matched(groups, verdicts, questions(groups, edges, scorer.may_be_one))


@dataclass(frozen=True, slots=True)
class Prediction:
    """A pair that is held for one workout, or that a person is to be asked about; the smaller id
    first.
    """

    first: int
    second: int
    said: Literal["same", "ask"]
    probability: float


def predictions(matched: Matched) -> list[Prediction]:
    """Every pair that is *same*, because it shares a group, or *ask*."""
    found: dict[Key, Prediction] = {}
    for group in matched.groups:
        for one, two in combinations(sorted(group, key=lambda card: card.id), 2):
            own = matched.verdicts.get((one.id, two.id))
            sure = own.probability if own and own.said == "same" else _chained(group, matched)
            found[one.id, two.id] = Prediction(one.id, two.id, "same", sure)
    for edge in matched.questions:
        first, second = min(edge.first, edge.second), max(edge.first, edge.second)
        found[first, second] = Prediction(first, second, "ask", edge.probability)
    return [found[key] for key in sorted(found)]


def _chained(group: Sequence[Card], matched: Matched) -> float:
    """How sure a group is whose pair was not said to be the same by itself: as its weakest link."""
    pairs = combinations(sorted(card.id for card in group), 2)
    links = [
        verdict.probability
        for key in pairs
        if (verdict := matched.verdicts.get(key)) and verdict.said == "same"
    ]
    return min(links, default=1.0)  # by claims alone
