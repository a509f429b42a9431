"""Pure functions that decide which source activities are one workout, and that merge them.

The method is probabilistic record linkage after Fellegi and Sunter ("A Theory for Record Linkage",
JASA 64, 1969). A pair of source activities passes through the modules in this order:

1. ``traits`` reduces each source activity to the values that are compared, and ``candidate`` adds
   its natural key and its claims.
2. ``edges`` (``claim_edges``) links a pair that shares a claim. Such a pair is *same* without any
   comparison.
3. ``blocking`` (``candidate_pairs``) selects the pairs that are worth comparing, by time only.
4. ``evidence`` and ``time_evidence`` assign the pair a level in each comparison (time, size, sport,
   heart rate, …). ``recordings`` and ``tracks`` add two more comparisons if doubt remains and both
   source activities have samples.
5. ``weights`` holds the match weight of each level in bits, and the thresholds.
6. ``score`` (``judge``) adds up the weights and **decides about the pair**: *same*, *different*, or
   *ask* (clerical review).
7. ``cluster`` (``cluster_candidates``) **decides which source activities are one workout**: it
   takes the transitive closure of the *same* pairs as far as no other pair contradicts it.
8. ``merge`` makes one activity of each cluster; ``preferences`` and ``titles`` decide which source
   activity supplies a value.

``linkage`` runs steps 2 to 7 on candidates in memory. ``fitglue_registry.matching`` runs all steps
on the store. ``sentences`` describes the levels to people, and ``labeled`` reads test records.
"""

from fitglue_registry.dedupe.blocking import pairs_near_in_time
from fitglue_registry.dedupe.candidate import Candidate
from fitglue_registry.dedupe.cluster import cluster_candidates
from fitglue_registry.dedupe.edges import Edge, claim_edges
from fitglue_registry.dedupe.linkage import Matched, Scorer, edge_of, match
from fitglue_registry.dedupe.merge import Choice, alternatives, as_counted, merge
from fitglue_registry.dedupe.preferences import Member
from fitglue_registry.dedupe.score import Evidence, Judgment, judge
from fitglue_registry.dedupe.traits import Samples, Traits, traits_of
from fitglue_registry.dedupe.weights import Weights, learned_weights

__all__ = [
    "Candidate",
    "Choice",
    "Edge",
    "Evidence",
    "Judgment",
    "Matched",
    "Member",
    "Samples",
    "Scorer",
    "Traits",
    "Weights",
    "alternatives",
    "as_counted",
    "claim_edges",
    "cluster_candidates",
    "edge_of",
    "judge",
    "learned_weights",
    "match",
    "merge",
    "pairs_near_in_time",
    "traits_of",
]
