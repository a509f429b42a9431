"""Which source activities are one workout, and what that workout is: pure functions over model values."""

from fitglue_registry.dedupe.cluster import PERSON, SCORE, Card, Edge, clusters
from fitglue_registry.dedupe.linkage import Matched, Scorer, edge_of, match
from fitglue_registry.dedupe.matching import claim_edges, near
from fitglue_registry.dedupe.merging import Member, merge
from fitglue_registry.dedupe.score import Line, Verdict, judge
from fitglue_registry.dedupe.traits import Samples, Traits, traits_of
from fitglue_registry.dedupe.weights import Weights, learned_weights

__all__ = [
    "PERSON", "SCORE", "Card", "Edge", "Line", "Matched", "Member", "Samples", "Scorer", "Traits", "Verdict", "Weights",
    "claim_edges", "clusters", "edge_of", "judge", "learned_weights", "match", "merge", "near", "traits_of",
]
