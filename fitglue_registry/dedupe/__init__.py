"""Which source activities are one workout, and what that workout is: pure functions over model values."""

from fitglue_registry.dedupe.cluster import Card, Edge, clusters
from fitglue_registry.dedupe.matching import claim_edges, near
from fitglue_registry.dedupe.merging import Member, merge

__all__ = ["Card", "Edge", "Member", "claim_edges", "clusters", "merge", "near"]
