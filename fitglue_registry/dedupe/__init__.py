"""Which source activities are one workout, and what that workout is: pure functions over model
values.
"""

from fitglue_registry.dedupe.cluster import PERSON, SCORE, Card, Edge, clusters
from fitglue_registry.dedupe.linkage import Matched, Scorer, edge_of, match
from fitglue_registry.dedupe.matching import claim_edges, near
from fitglue_registry.dedupe.merging import ATHLETE, Choice, alternatives, merge
from fitglue_registry.dedupe.preferring import Member
from fitglue_registry.dedupe.score import Line, Verdict, judge
from fitglue_registry.dedupe.traits import Samples, Traits, traits_of
from fitglue_registry.dedupe.weights import Weights, learned_weights

__all__ = [
    "ATHLETE",
    "PERSON",
    "SCORE",
    "Card",
    "Choice",
    "Edge",
    "Line",
    "Matched",
    "Member",
    "Samples",
    "Scorer",
    "Traits",
    "Verdict",
    "Weights",
    "alternatives",
    "claim_edges",
    "clusters",
    "edge_of",
    "judge",
    "learned_weights",
    "match",
    "merge",
    "near",
    "traits_of",
]
