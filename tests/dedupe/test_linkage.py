"""Matching as a whole: the clusters do not depend on the order of sources, contradict no pair, and
leave no needless question.
"""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fitglue_registry.dedupe import Edge, Traits, learned_weights, match
from fitglue_registry.dedupe.linkage import MOST_RECORDINGS, predictions
from tests.dedupe.builders import HOUR, LAP, NOON, RUN, bare, candidate, copy


def clustered(*candidates, opinions=()):
    """Return the clusters as sets of ids."""
    return {
        frozenset(member.id for member in cluster)
        for cluster in match(candidates, learned_weights(), opinions).clusters
    }


def asked(*candidates, opinions=()):
    """Return the pairs about which the athlete would be asked."""
    return [
        (edge.first, edge.second)
        for edge in match(candidates, learned_weights(), opinions).for_review
    ]


traits = st.builds(
    Traits,
    st.sampled_from(["garmin", "strava", "files"]),
    st.none(),
    st.sampled_from([0.0, 1.0, 40.0, 700.0, 1500.0, HOUR, 3 * HOUR + 20]).map(
        lambda after: NOON + after
    ),
    st.just(1.0),
    st.sampled_from([None, 1800.0, 3600.0, 5400.0]),
    st.sampled_from([None, 1700.0, 3550.0]),
    st.sampled_from([None, 5000.0, 10_000.0, 10_050.0]),
    st.sampled_from([None, "running", "cycling"]),
    st.sampled_from([None, 150.0, 130.0]),
    st.just(170.0),
)
candidate_lists = st.lists(traits, max_size=7).map(
    lambda rows: [candidate(number, row) for number, row in enumerate(rows)]
)


@given(candidate_lists, st.randoms(use_true_random=False))
def test_sources_in_any_order_make_the_same_clusters(candidates, generator):
    """The clusters depend on natural keys, not on the order of records and the ids that follow from
    it.
    """
    shuffled = generator.sample(candidates, len(candidates))
    renumbered = [replace(each, id=100 + number) for number, each in enumerate(shuffled)]
    keys = {each.id: each.key for each in (*renumbered, *candidates)}
    assert {
        frozenset(keys[number] for number in cluster) for cluster in clustered(*candidates)
    } == {frozenset(keys[number] for number in cluster) for cluster in clustered(*renumbered)}


@given(candidate_lists)
def test_two_records_of_one_account_share_a_cluster_only_if_their_own_pair_is_the_same(candidates):
    """Two records of one account share a cluster only if their own pair is *same*, and no cluster
    has a *different* pair.
    """
    matched = match(candidates, learned_weights())
    for cluster in matched.clusters:
        for first, second in combinations(sorted(cluster, key=lambda member: member.id), 2):
            judgment = matched.judgments.get((first.id, second.id))
            is_same = judgment is not None and judgment.verdict == "same"
            assert first.key[0] != second.key[0] or is_same
            assert judgment is None or judgment.verdict != "different"


def test_of_two_parts_in_one_account_at_most_one_joins_the_complete_workout():
    """If one account has a workout in two parts, at most one of them joins the complete workout of
    another account.
    """
    whole = candidate(1, RUN)
    first = candidate(
        2,
        copy(
            distance_m=2500.0,
            elapsed_s=900.0,
            moving_s=890.0,
            average_heartrate_bpm=None,
            calories_kcal=None,
        ),
    )
    second = candidate(
        3,
        copy(
            after=950,
            distance_m=7400.0,
            elapsed_s=2600.0,
            moving_s=2600.0,
            average_heartrate_bpm=None,
            calories_kcal=None,
        ),
    )
    assert {2, 3} not in [set(cluster) for cluster in clustered(whole, first, second)]
    assert not any({2, 3} <= cluster for cluster in clustered(whole, first, second))


def test_equal_claims_need_no_score():
    """A shared claim joins a pair even if all values differ."""
    assert clustered(
        candidate(1, RUN, "strava:1"), candidate(2, copy(LAP, after=9000), "strava:1")
    ) == {frozenset({1, 2})}


def test_the_athletes_decision_wins():
    """The athlete's *different* takes precedence over a shared claim and over the score."""
    no = Edge(1, 2, "different", "person", "mine")
    assert len(clustered(candidate(1, RUN, "a:1"), candidate(2, copy(), "a:1"), opinions=[no])) == 2


def test_a_later_copy_follows_the_athletes_decision():
    """A copy that resembles two workouts does not join them if the athlete decided that they are
    different.
    """
    first, second, later = (
        candidate(1, RUN),
        candidate(2, copy(after=2)),
        candidate(3, copy(account="files")),
    )
    no = Edge(1, 2, "different", "person", "mine")
    assert not any({1, 2} <= cluster for cluster in clustered(first, second, later, opinions=[no]))


def test_equal_commutes_that_each_account_holds_twice_are_not_asked_about():
    """Two commutes exactly nine hours apart are a question only until each of them has its copy in
    the other account.
    """
    out = Traits(
        "garmin", NOON, NOON, elapsed_s=1500.0, moving_s=1450.0, distance_m=8000.0, family="cycling"
    )
    home = replace(
        out,
        start_utc_s=NOON + 9 * HOUR,
        start_local_s=NOON + 9 * HOUR,
        distance_m=8050.0,
        elapsed_s=1540.0,
        moving_s=1490.0,
    )
    assert asked(candidate(1, out), candidate(2, replace(home, account="strava"))) == [(1, 2)]
    assert (
        asked(
            candidate(1, out),
            candidate(2, home),
            candidate(3, replace(out, account="strava")),
            candidate(4, replace(home, account="strava")),
        )
        == []
    )


def test_predictions_name_each_pair_of_a_cluster():
    """Every pair of a cluster is predicted, including a pair that only a third source joins."""
    candidates = [
        candidate(1, RUN),
        candidate(2, copy(after=2)),
        candidate(3, copy(account="files", after=1)),
    ]
    predicted = predictions(match(candidates, learned_weights()))
    assert [(pair.first, pair.second, pair.verdict) for pair in predicted] == [
        (1, 2, "same"),
        (1, 3, "same"),
        (2, 3, "same"),
    ]


@pytest.mark.parametrize("clock", [1, 13, 15, 23])
def test_a_record_of_a_day_finds_its_workout_at_any_time_of_the_day(clock):
    """A record that is known only to the day, and therefore starts at midnight, joins a workout
    at any time of that day.
    """
    midnight = NOON - NOON % 86_400
    run = replace(
        RUN, start_utc_s=midnight + (clock - 2) * HOUR, start_local_s=midnight + clock * HOUR
    )
    log = replace(
        RUN, account="log", start_utc_s=None, start_local_s=midnight, precision_s=86_400.0
    )
    assert [
        len(cluster)
        for cluster in match([candidate(1, run), candidate(2, log)], learned_weights()).clusters
    ] == [2]


@pytest.mark.parametrize("days", [1, -1])
def test_equal_workouts_of_two_days_are_two(days):
    """Equal workouts on two consecutive days are two workouts, whether the start is known to the
    second or only the day is known.
    """
    midnight = NOON - NOON % 86_400
    log = replace(
        RUN, account="log", start_utc_s=None, start_local_s=midnight, precision_s=86_400.0
    )
    for clock in (0, 20):
        start = midnight + days * 86_400 + clock * HOUR
        run = replace(RUN, start_utc_s=start - 2 * HOUR, start_local_s=start)
        assert [
            len(cluster)
            for cluster in match([candidate(1, run), candidate(2, log)], learned_weights()).clusters
        ] == [1, 1]
        assert clustered(candidate(1, run), candidate(2, copy(run, after=days * 86_400))) == {
            frozenset({1}),
            frozenset({2}),
        }


def test_the_cost_grows_with_the_number_of_workouts():
    """Twice as many workouts make about twice as many candidate pairs, because only workouts close
    in time are compared.
    """
    generator = random.Random(5)
    days = [generator.uniform(6, 20) * HOUR for _ in range(400)]
    candidates = [
        candidate(
            n,
            replace(RUN, start_utc_s=NOON + n * 86_400 + at, start_local_s=NOON + n * 86_400 + at),
        )
        for n, at in enumerate(days)
    ]
    half, complete = (
        len(match(part, learned_weights()).judgments) for part in (candidates[:200], candidates)
    )
    assert complete < 2.5 * max(half, 10)


@pytest.mark.parametrize(("number", "is_read"), [(MOST_RECORDINGS, True), (60, False)])
def test_the_recordings_of_a_crowd_are_not_compared(number, is_read):
    """Recordings are compared, but not those of workouts with very many candidate pairs, because
    that would take a time that grows with the square of their number.
    """
    read = []
    candidates = [
        replace(
            candidate(each, bare(copy(account=f"source {each}"))),
            read_samples=lambda each=each: read.append(each),
        )
        for each in range(number)
    ]
    match(candidates, learned_weights())
    assert bool(read) is is_read
