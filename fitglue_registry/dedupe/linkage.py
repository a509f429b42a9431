"""Record linkage in memory: scores pairs, and matches all candidates of one athlete at once.

``match`` serves ``fitglue dev match`` and the benchmarks. A sync takes the same steps on the store,
in ``fitglue_registry/matching/matcher.py``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain, combinations
from typing import TYPE_CHECKING

from fitglue_registry.dedupe.blocking import candidate_pairs
from fitglue_registry.dedupe.cluster import cluster_candidates, pairs_for_review
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

#: The recording of a workout with more candidate pairs than these is not compared. Ten sources with
#: copies of one workout make nine pairs; a broken clock or a hostile source makes any number, and
#: two long recordings take a tenth of a second.
MOST_RECORDINGS = 20


@dataclass(frozen=True, slots=True)
class Matched:
    """The result of matching.

    Attributes:
        clusters: The candidates of each workout.
        judgments: Pair → judgment, for every candidate pair.
        for_review: The pairs that the athlete must decide about (clerical review).
    """

    clusters: list[list[Candidate]]
    judgments: dict[PairKey, Judgment]
    for_review: list[Edge]


class Scorer:
    """Judges pairs by the score, and remembers each judgment."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._crowded: set[int] = set()
        self.judgments: dict[PairKey, Judgment] = {}

    def judge(self, first: Candidate, second: Candidate) -> Judgment:
        """Return the judgment on a pair.

        Their recordings are read only if everything else leaves doubt, and if neither of them has
        more candidate pairs than ``MOST_RECORDINGS``.
        """
        key = pair_key(first.id, second.id)
        if key not in self.judgments:
            # The natural keys fix the order, so that the judgment does not depend on the arguments.
            lower, upper = sorted((first, second), key=lambda candidate: candidate.key)

            def read_samples() -> tuple[Samples | None, Samples | None]:
                if not self._crowded.isdisjoint(key):
                    return None, None
                return lower.read_samples(), upper.read_samples()

            self.judgments[key] = judge(lower.traits, upper.traits, self._weights, read_samples)
        return self.judgments[key]

    def judge_candidates(
        self, changed: Sequence[Candidate], others: Sequence[Candidate] = ()
    ) -> list[Edge]:
        """Return the opinion of the score on every candidate pair that has a changed candidate."""
        pairs = list(candidate_pairs(changed, others, self._weights.cuts))
        self._crowded |= _in_too_many(pairs)
        edges = []
        for first, second in pairs:
            edges.append(edge_of(first, second, self.judge(first, second)))
        return edges

    def may_match(self, first: Candidate, second: Candidate) -> bool:
        """Return whether the pair would not be *different* if only the score decided.

        Clustering asks this about pairs that blocking left out.
        """
        return self.judge(first, second).verdict != Verdict.DIFFERENT


def _in_too_many(pairs: Iterable[tuple[Candidate, Candidate]]) -> set[int]:
    """Return the ids of the candidates that are in more than ``MOST_RECORDINGS`` pairs."""
    counts = Counter(candidate.id for candidate in chain.from_iterable(pairs))
    return {candidate_id for candidate_id, count in counts.items() if count > MOST_RECORDINGS}


def edge_of(
    first: Candidate,
    second: Candidate,
    judgment: Judgment,
) -> Edge:
    """Return a judgment of the score as an edge between two candidates."""
    source = OpinionSource.SCORE
    return Edge(first.id, second.id, judgment.verdict, source, "", judgment.probability)


def match(
    candidates: Sequence[Candidate],
    weights: Weights,
    opinions: Iterable[Edge] = (),
) -> Matched:
    """Match all candidates of one athlete.

    Args:
        candidates: The source activities of the athlete.
        weights: The match weights and thresholds.
        opinions: What plugins and the athlete have decided about pairs.
    """
    scorer = Scorer(weights)
    edges = [*claim_edges(candidates), *opinions, *scorer.judge_candidates(candidates)]
    # Clustering may judge more pairs. Only candidate pairs are reported.
    judgments = dict(scorer.judgments)
    clusters = cluster_candidates(candidates, edges, scorer.may_match)
    return Matched(clusters, judgments, pairs_for_review(clusters, edges, scorer.may_match))


@dataclass(frozen=True, slots=True)
class Prediction:
    """A pair that is taken for one workout, or that the athlete is asked about.

    The smaller id is ``first``.
    """

    first: int
    second: int
    verdict: Verdict
    probability: float


def predictions(matched: Matched) -> list[Prediction]:
    """Return every pair that is *same*, because it shares a cluster, or *ask*, ordered by ids."""
    by_pair: dict[PairKey, Prediction] = {}
    for cluster in matched.clusters:
        for key in combinations(sorted(candidate.id for candidate in cluster), 2):
            judgment = matched.judgments.get(key)
            if judgment is not None and judgment.verdict == Verdict.SAME:
                probability = judgment.probability
            else:
                # The pair was joined through other members, or by a claim.
                probability = _weakest_link(cluster, matched)
            by_pair[key] = Prediction(*key, Verdict.SAME, probability)
    for edge in matched.for_review:
        by_pair[edge.key] = Prediction(*edge.key, Verdict.ASK, edge.probability)
    return [by_pair[key] for key in sorted(by_pair)]


def _weakest_link(cluster: Sequence[Candidate], matched: Matched) -> float:
    """Return the lowest probability of the *same* pairs of a cluster, or 1 if only claims join it.

    It is the probability of a pair that is joined only through other members.
    """
    weakest = 1.0
    for key in combinations(sorted(candidate.id for candidate in cluster), 2):
        judgment = matched.judgments.get(key)
        if judgment is not None and judgment.verdict == Verdict.SAME:
            weakest = min(weakest, judgment.probability)
    return weakest
