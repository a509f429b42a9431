"""Clustering: **decides which candidates are one workout**, from the edges between them.

The result is consistent with every edge, and it does not depend on the order in which the
candidates or the edges arrive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.dedupe.edges import pair_key, precedence, strongest_edges
from fitglue_registry.model.stored import OpinionSource, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from fitglue_registry.dedupe.candidate import Candidate
    from fitglue_registry.dedupe.edges import Edge, PairKey

    MayMatch = Callable[[Candidate, Candidate], bool]
    Cluster = Sequence[Candidate]


def cluster_candidates(
    candidates: Cluster,
    edges: Iterable[Edge],
    may_match: MayMatch | None = None,
) -> list[list[Candidate]]:
    """Divide candidates into clusters, so that each cluster is one workout.

    This is the transitive closure of the *same* edges, with two constraints. Two clusters are not
    joined if any pair across them is *different*. And every pair across them that is in one account
    must itself be *same*: an account may contain duplicates, but another account's record must not
    join them.

    Args:
        candidates: All candidates of one athlete that are related to each other.
        edges: Opinions about pairs. Edges of other candidates are ignored.
        may_match: Returns whether a pair without any edge could be one workout. Without this
            function, every such pair could.

    Returns:
        The clusters, and the candidates in each of them, ordered by natural key.
    """
    strongest = strongest_edges(edges)
    cluster_of = {candidate.id: [candidate] for candidate in candidates}
    for edge in _links(candidates, strongest.values()):
        first = cluster_of[edge.first]
        second = cluster_of[edge.second]
        if first is not second and _can_join(first, second, strongest, may_match):
            joined = first + second
            cluster_of.update({candidate.id: joined for candidate in joined})

    # Members of one cluster share one list, so its identity distinguishes clusters.
    distinct = {id(cluster): cluster for cluster in cluster_of.values()}
    clusters = [sorted(cluster, key=_natural_key) for cluster in distinct.values()]
    return sorted(clusters, key=lambda cluster: cluster[0].key)


def _natural_key(candidate: Candidate) -> tuple[str, str, int]:
    return candidate.key


def _links(candidates: Cluster, edges: Iterable[Edge]) -> list[Edge]:
    """Return the *same* edges among these candidates, in the order in which they are applied.

    The order decides which edge wins if two of them cannot both be applied: the strongest source
    first, then the highest probability, then the natural keys.
    """
    keys = {candidate.id: candidate.key for candidate in candidates}

    def order(edge: Edge) -> tuple[int, float, list[tuple[str, str, int]]]:
        return precedence(edge), -edge.probability, sorted((keys[edge.first], keys[edge.second]))

    links = []
    for edge in edges:
        if edge.verdict == Verdict.SAME and edge.first in keys and edge.second in keys:
            links.append(edge)
    return sorted(links, key=order)


def _can_join(
    first: Cluster,
    second: Cluster,
    strongest: Mapping[PairKey, Edge],
    may_match: MayMatch | None,
) -> bool:
    """Return whether no pair across two clusters forbids joining them."""
    for candidate in first:
        for other in second:
            if not _can_share_cluster(candidate, other, strongest, may_match):
                return False
    return True


def _can_share_cluster(
    candidate: Candidate,
    other: Candidate,
    strongest: Mapping[PairKey, Edge],
    may_match: MayMatch | None,
) -> bool:
    """Return whether a pair does not forbid joining the clusters of its two candidates."""
    edge = strongest.get(pair_key(candidate.id, other.id))
    is_one_account = candidate.account == other.account
    if edge is not None and (is_one_account or edge.verdict != Verdict.ASK):
        return edge.verdict == Verdict.SAME
    if is_one_account:
        return False
    # An *ask* across two accounts does not forbid joining: others connect the two.
    return edge is not None or may_match is None or may_match(candidate, other)


def pairs_for_review(
    clusters: Sequence[Cluster],
    edges: Iterable[Edge],
    may_match: MayMatch,
) -> list[Edge]:
    """Return the pairs for clerical review, which the athlete must decide about.

    They are the pairs across two clusters whose verdict is *ask*, or *same* without having been
    joined. A pair is left out if any other pair across its clusters is *different*. For example,
    the morning commute in one account may look like the evening commute in another one with a wrong
    clock. If each commute is in both accounts, no question remains.
    """
    cluster_of: dict[int, Cluster] = {}
    for cluster in clusters:
        cluster_of.update({candidate.id: cluster for candidate in cluster})
    strongest = strongest_edges(edges)

    open_edges = []
    for (first_id, second_id), edge in strongest.items():
        if edge.said_by == OpinionSource.PERSON or edge.verdict == Verdict.DIFFERENT:
            continue
        first = cluster_of.get(first_id)
        second = cluster_of.get(second_id)
        if first is None or second is None or first is second:
            continue
        if not _is_any_pair_different(first, second, strongest, may_match):
            open_edges.append(edge)
    return open_edges


def _is_any_pair_different(
    first: Cluster,
    second: Cluster,
    strongest: Mapping[PairKey, Edge],
    may_match: MayMatch,
) -> bool:
    """Return whether any pair across two clusters is known or judged to be different."""
    for candidate in first:
        for other in second:
            edge = strongest.get(pair_key(candidate.id, other.id))
            if edge is None:
                is_different = not may_match(candidate, other)
            else:
                is_different = edge.verdict == Verdict.DIFFERENT
            if is_different:
                return True
    return False
