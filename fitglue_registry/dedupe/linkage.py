"""Scores pairs, and matches all candidates of one person at once.

``match`` serves ``fitglue dev match`` and the benchmarks; a sync takes the same steps on the store,
in ``matching/matcher.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from fitglue_registry.dedupe.candidates import candidate_pairs
from fitglue_registry.dedupe.cluster import clusters, questions
from fitglue_registry.dedupe.edges import Edge, claim_edges, pair_key
from fitglue_registry.dedupe.score import judge
from fitglue_registry.model.stored import OpinionSource, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fitglue_registry.dedupe.candidate import Candidate
    from fitglue_registry.dedupe.edges import PairKey
    from fitglue_registry.dedupe.score import Judgment
    from fitglue_registry.dedupe.traits import Samples
    from fitglue_registry.dedupe.weights import Weights


@dataclass(frozen=True, slots=True)
class Matched:
    """The result of matching: groups, the judgment on each candidate pair, what is left to ask."""

    groups: list[list[Candidate]]
    judgments: dict[PairKey, Judgment]
    questions: list[Edge]


class Scorer:
    """Judges pairs by the score, each of them once."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self.judgments: dict[PairKey, Judgment] = {}

    def judge(self, one: Candidate, other: Candidate) -> Judgment:
        """The judgment on a pair; their recordings are read only where the rest leaves doubt."""
        key = pair_key(one.id, other.id)
        if key not in self.judgments:
            # Ordered, so that the judgment does not depend on which comes first.
            first, second = sorted((one, other), key=lambda candidate: candidate.key)

            def read_samples() -> tuple[Samples | None, Samples | None]:
                return first.read_samples(), second.read_samples()

            self.judgments[key] = judge(first.traits, second.traits, self._weights, read_samples)
        return self.judgments[key]

    def judge_candidates(
        self, changed: Sequence[Candidate], others: Sequence[Candidate] = ()
    ) -> list[Edge]:
        """The score's statement on every candidate pair that has a changed candidate."""
        edges = []
        for one, other in candidate_pairs(changed, others, self._weights.cuts):
            edges.append(edge_of(one, other, self.judge(one, other)))
        return edges

    def may_be_one(self, one: Candidate, other: Candidate) -> bool:
        """Whether a pair that nobody has said anything about could be one workout."""
        return self.judge(one, other).verdict != Verdict.DIFFERENT


def edge_of(
    one: Candidate,
    other: Candidate,
    judgment: Judgment,
) -> Edge:
    """A judgment of the score as a statement about a pair."""
    return Edge(one.id, other.id, judgment.verdict, OpinionSource.SCORE, "", judgment.probability)


def match(
    candidates: Sequence[Candidate],
    weights: Weights,
    statements: Iterable[Edge] = (),
) -> Matched:
    """Match all candidates of one person.

    ``statements`` are those of plugins and of the person.
    """
    scorer = Scorer(weights)
    edges = [*claim_edges(candidates), *statements, *scorer.judge_candidates(candidates)]
    judgments = dict(scorer.judgments)
    groups = clusters(candidates, edges, scorer.may_be_one)
    return Matched(groups, judgments, questions(groups, edges, scorer.may_be_one))


@dataclass(frozen=True, slots=True)
class Prediction:
    """A pair that is taken for one workout, or that a person is asked about; smaller id first."""

    first: int
    second: int
    verdict: Verdict
    probability: float


def predictions(matched: Matched) -> list[Prediction]:
    """Every pair that is *same*, because it shares a group, or *ask*."""
    found: dict[PairKey, Prediction] = {}
    for group in matched.groups:
        for key in combinations(sorted(candidate.id for candidate in group), 2):
            judgment = matched.judgments.get(key)
            if judgment is not None and judgment.verdict == Verdict.SAME:
                probability = judgment.probability
            else:
                probability = _weakest_link(group, matched)
            found[key] = Prediction(*key, Verdict.SAME, probability)
    for edge in matched.questions:
        found[edge.key] = Prediction(*edge.key, Verdict.ASK, edge.probability)
    return [found[key] for key in sorted(found)]


def _weakest_link(group: Sequence[Candidate], matched: Matched) -> float:
    """How sure a group is that is joined through others; 1 where only claims join it."""
    weakest = 1.0
    for key in combinations(sorted(candidate.id for candidate in group), 2):
        judgment = matched.judgments.get(key)
        if judgment is not None and judgment.verdict == Verdict.SAME:
            weakest = min(weakest, judgment.probability)
    return weakest
