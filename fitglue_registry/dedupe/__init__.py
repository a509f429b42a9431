"""Which source activities are one workout, and what that workout is.

Everything here is a pure function over values of the model. The steps, in order: ``candidates``
says which pairs are worth comparing, ``evidence``, ``time_evidence`` and ``recordings`` compare
them, ``score`` decides about a pair, ``cluster`` decides which source activities are one workout,
and ``merge`` makes one activity of them.
"""

from fitglue_registry.dedupe.candidate import Candidate
from fitglue_registry.dedupe.candidates import near
from fitglue_registry.dedupe.cluster import clusters
from fitglue_registry.dedupe.edges import Edge, claim_edges
from fitglue_registry.dedupe.linkage import Matched, Scorer, edge_of, match
from fitglue_registry.dedupe.merge import Choice, alternatives, merge
from fitglue_registry.dedupe.preferences import Member
from fitglue_registry.dedupe.score import Judgment, Line, judge
from fitglue_registry.dedupe.traits import Samples, Traits, traits_of
from fitglue_registry.dedupe.weights import Weights, learned_weights

__all__ = [
    "Candidate",
    "Choice",
    "Edge",
    "Judgment",
    "Line",
    "Matched",
    "Member",
    "Samples",
    "Scorer",
    "Traits",
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
