"""Clusters contradict no edge, and do not depend on the order of candidates and edges."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from fitglue_registry.dedupe import Candidate, Edge, Traits, cluster_candidates


def candidate(number, connection=None):
    account = connection or f"c{number}"
    return Candidate(number, (account, f"x{number:02}", 0), frozenset(), Traits(account))


def same(first, second, said_by="claim"):
    return Edge(first, second, "same", said_by, "because")


def different(first, second, said_by="example"):
    return Edge(first, second, "different", said_by, "because")


def ids(candidates, *edges):
    """Return the clusters as sets of ids."""
    return {
        frozenset(member.id for member in cluster)
        for cluster in cluster_candidates(candidates, edges)
    }


def clusters(*numbers):
    return {frozenset(ids) for ids in numbers}


def test_without_edges_every_candidate_is_a_cluster():
    """Without any edge, every candidate is a cluster of its own."""
    assert ids([candidate(1), candidate(2)]) == clusters([1], [2])
    assert ids([]) == set()


def test_same_joins_across_several():
    """*Same* is transitive: one workout in four accounts is one cluster."""
    assert ids([candidate(n) for n in range(1, 5)], same(1, 2), same(3, 4), same(2, 3)) == clusters(
        [1, 2, 3, 4]
    )


def test_two_records_of_one_account_join_only_by_their_own_pair():
    """Two records of one account are not joined by a third source, but they are joined if their own
    pair is *same*.
    """
    candidates = [candidate(1, "garmin"), candidate(2, "garmin"), candidate(3, "strava")]
    assert ids(candidates, same(1, 3), same(2, 3)) == clusters([1, 3], [2])
    assert ids(candidates, same(1, 3), same(2, 3), same(1, 2)) == clusters([1, 2, 3])


def test_different_keeps_two_clusters_apart():
    """One *different* pair across two clusters keeps them apart."""
    candidates = [candidate(n) for n in range(1, 4)]
    assert ids(candidates, same(2, 3), same(1, 2), different(1, 3)) == clusters([1, 2], [3])


def test_different_takes_precedence_over_same_of_the_same_pair():
    """A plugin that says *different* takes precedence over a claim that the pair shares."""
    assert ids([candidate(1), candidate(2)], same(1, 2), different(1, 2)) == clusters([1], [2])


def test_the_athletes_decision_wins():
    """The athlete's decision takes precedence over claims and plugins, whether it is *same* or
    *different*.
    """
    candidates = [candidate(1), candidate(2)]
    assert ids(candidates, different(1, 2), same(2, 1, "person")) == clusters([1, 2])
    assert ids(
        candidates, same(1, 2), same(1, 2, "example"), different(2, 1, "person")
    ) == clusters([1], [2])


def test_the_athletes_same_is_applied_first():
    """If two edges cannot both be applied, the athlete's edge is applied."""
    candidates = [candidate(1, "garmin"), candidate(2, "garmin"), candidate(3, "strava")]
    assert ids(candidates, same(1, 3), same(2, 3, "person")) == clusters([1], [2, 3])


def test_edges_of_other_candidates_are_ignored():
    """Edges of candidates that are not being clustered are ignored."""
    assert ids([candidate(1), candidate(2)], same(1, 9), same(9, 2), different(8, 9)) == clusters(
        [1], [2]
    )


connection = st.sampled_from("abcd")
edge = st.builds(
    Edge,
    st.integers(1, 8),
    st.integers(1, 8),
    st.sampled_from(["same", "same", "same", "different"]),
    st.sampled_from(["claim", "plugin-a", "plugin-b", "person"]),
    st.just("because"),
).filter(lambda e: e.first != e.second)


@given(
    st.lists(connection, min_size=8, max_size=8),
    st.lists(edge, max_size=25, unique_by=lambda e: (e.first, e.second, e.said_by)),
    st.randoms(use_true_random=False),
)
def test_clusters_are_the_same_whatever_the_order(connections, edges, generator):
    """The order of the candidates, of the edges and of the two ends of an edge has no influence on
    the clusters.
    """
    candidates = [candidate(number, name) for number, name in enumerate(connections, 1)]
    expected = cluster_candidates(candidates, edges)
    shuffled = [
        Edge(e.second, e.first, e.verdict, e.said_by, e.reason) if generator.random() < 0.5 else e
        for e in edges
    ]
    generator.shuffle(shuffled)
    assert (
        cluster_candidates(random.Random(1).sample(candidates, len(candidates)), shuffled)
        == expected
    )


@given(
    st.lists(connection, min_size=8, max_size=8),
    st.lists(edge, max_size=25, unique_by=lambda e: (e.first, e.second, e.said_by)),
)
def test_clusters_contradict_nobody(connections, edges):
    """Every candidate is in one cluster, no cluster has a *different* pair, and two records of one
    account share a cluster only if their pair is *same*.
    """
    candidates = [candidate(number, name) for number, name in enumerate(connections, 1)]
    clustered = cluster_candidates(candidates, edges)
    assert sorted(member.id for cluster in clustered for member in cluster) == list(range(1, 9))
    strongest = {}
    for e in sorted(edges, key=lambda e: (e.said_by != "person", e.verdict == "same")):
        strongest.setdefault(frozenset((e.first, e.second)), e.verdict)
    together = [
        (first, second)
        for cluster in clustered
        for first in cluster
        for second in cluster
        if first.id < second.id
    ]
    verdicts = [
        (strongest.get(frozenset((first.id, second.id))), first.key[0] == second.key[0])
        for first, second in together
    ]
    assert ("different", True) not in verdicts
    assert ("different", False) not in verdicts
    assert (None, True) not in verdicts
