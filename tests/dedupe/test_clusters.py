"""Groups of source activities that are one workout: consistent, and the same whatever the order in
which they arrived.
"""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from fitglue_registry.dedupe import Candidate, Edge, Traits, cluster_candidates


def card(number, connection=None):
    account = connection or f"c{number}"
    return Candidate(number, (account, f"x{number:02}", 0), frozenset(), Traits(account))


def same(one, two, said_by="claim"):
    return Edge(one, two, "same", said_by, "because")


def different(one, two, said_by="example"):
    return Edge(one, two, "different", said_by, "because")


def ids(cards, *edges):
    """The groups as sets of ids."""
    return {frozenset(found.id for found in group) for group in cluster_candidates(cards, edges)}


def groups(*numbers):
    return {frozenset(group) for group in numbers}


def test_without_evidence_everything_stands_alone():
    """No claim and no opinion means no match."""
    assert ids([card(1), card(2)]) == groups([1], [2])
    assert ids([]) == set()


def test_same_joins_across_several():
    """Same is passed on: one workout in four accounts is one group."""
    assert ids([card(n) for n in range(1, 5)], same(1, 2), same(3, 4), same(2, 3)) == groups(
        [1, 2, 3, 4]
    )


def test_two_records_of_one_account_join_by_their_own_pair_alone():
    """An account holds its own doubles: a third source must not join them, and their own evidence
    may.
    """
    cards = [card(1, "garmin"), card(2, "garmin"), card(3, "strava")]
    assert ids(cards, same(1, 3), same(2, 3)) == groups([1, 3], [2])
    assert ids(cards, same(1, 3), same(2, 3), same(1, 2)) == groups([1, 2, 3])


def test_different_keeps_two_groups_apart():
    """One word against it is enough, wherever in the groups it stands."""
    cards = [card(n) for n in range(1, 4)]
    assert ids(cards, same(2, 3), same(1, 2), different(1, 3)) == groups([1, 2], [3])


def test_different_goes_before_same_of_the_same_pair():
    """A plugin that knows they differ is right against equal claims."""
    assert ids([card(1), card(2)], same(1, 2), different(1, 2)) == groups([1], [2])


def test_a_persons_word_wins():
    """Against claims and plugins, in both directions."""
    cards = [card(1), card(2)]
    assert ids(cards, different(1, 2), same(2, 1, "person")) == groups([1, 2])
    assert ids(cards, same(1, 2), same(1, 2, "example"), different(2, 1, "person")) == groups(
        [1], [2]
    )


def test_a_persons_match_is_made_before_all_others():
    """Where not all can be joined, the person's pair is."""
    cards = [card(1, "garmin"), card(2, "garmin"), card(3, "strava")]
    assert ids(cards, same(1, 3), same(2, 3, "person")) == groups([1], [2, 3])


def test_what_was_said_of_others_does_not_matter():
    """Opinions about source activities that are not here are left aside."""
    assert ids([card(1), card(2)], same(1, 9), same(9, 2), different(8, 9)) == groups([1], [2])


connection = st.sampled_from("abcd")
edge = st.builds(
    Edge,
    st.integers(1, 8),
    st.integers(1, 8),
    st.sampled_from(["same", "same", "same", "different"]),
    st.sampled_from(["claim", "one", "two", "person"]),
    st.just("because"),
).filter(lambda found: found.first != found.second)


@given(
    st.lists(connection, min_size=8, max_size=8),
    st.lists(edge, max_size=25, unique_by=lambda e: (e.first, e.second, e.said_by)),
    st.randoms(use_true_random=False),
)
def test_clusters_are_the_same_whatever_the_order(connections, edges, chance):
    """Cards, edges and the two ends of an edge may come in any order; ids are the store's own and
    may be any others.
    """
    cards = [card(number, name) for number, name in enumerate(connections, 1)]
    expected = cluster_candidates(cards, edges)
    shuffled = [
        Edge(e.second, e.first, e.verdict, e.said_by, e.reason) if chance.random() < 0.5 else e
        for e in edges
    ]
    chance.shuffle(shuffled)
    assert cluster_candidates(random.Random(1).sample(cards, len(cards)), shuffled) == expected


@given(
    st.lists(connection, min_size=8, max_size=8),
    st.lists(edge, max_size=25, unique_by=lambda e: (e.first, e.second, e.said_by)),
)
def test_clusters_contradict_nobody(connections, edges):
    """Everything is in one group, nothing that is said to differ stands together, and doubles of an
    account have their own word.
    """
    cards = [card(number, name) for number, name in enumerate(connections, 1)]
    found = cluster_candidates(cards, edges)
    assert sorted(one.id for group in found for one in group) == list(range(1, 9))
    said = {}
    for e in sorted(edges, key=lambda e: (e.said_by != "person", e.verdict == "same")):
        said.setdefault(frozenset((e.first, e.second)), e.verdict)
    together = [(one, two) for group in found for one in group for two in group if one.id < two.id]
    verdicts = [
        (said.get(frozenset((one.id, two.id))), one.key[0] == two.key[0]) for one, two in together
    ]
    assert ("different", True) not in verdicts
    assert ("different", False) not in verdicts
    assert (None, True) not in verdicts
