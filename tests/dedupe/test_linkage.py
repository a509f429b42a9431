"""The whole of matching: the same groups in whatever order sources come, consistent, and nobody
asked in vain.
"""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fitglue_registry.dedupe import Edge, Traits, learned_weights, match
from fitglue_registry.dedupe.linkage import predictions
from tests.dedupe.builders import HOUR, LAP, NOON, RUN, card, copy


def grouped(*cards, said=()):
    """The groups as sets of ids."""
    return {
        frozenset(one.id for one in group)
        for group in match(cards, learned_weights(), said).clusters
    }


def asked(*cards, said=()):
    return [(edge.first, edge.second) for edge in match(cards, learned_weights(), said).for_review]


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
decks = st.lists(traits, max_size=7).map(
    lambda every: [card(number, one) for number, one in enumerate(every)]
)


@given(decks, st.randoms(use_true_random=False))
def test_sources_in_any_order_make_the_same_groups(cards, dice):
    """Ids are given as records come; the groups hang on natural keys."""
    shuffled = dice.sample(cards, len(cards))
    renumbered = [replace(one, id=100 + number) for number, one in enumerate(shuffled)]
    keys = {one.id: one.key for one in renumbered} | {one.id: one.key for one in cards}
    assert {frozenset(keys[n] for n in g) for g in grouped(*cards)} == {
        frozenset(keys[n] for n in g) for g in grouped(*renumbered)
    }


@given(decks)
def test_two_records_of_one_account_share_a_group_only_if_their_own_pair_is_the_same(cards):
    """And no group holds a pair that is different."""
    matched = match(cards, learned_weights())
    for group in matched.clusters:
        for one, two in combinations(sorted(group, key=lambda one: one.id), 2):
            judgment = matched.judgments.get((one.id, two.id))
            is_same = judgment is not None and judgment.verdict == "same"
            assert one.key[0] != two.key[0] or is_same
            assert judgment is None or judgment.verdict != "different"


def test_a_workout_split_in_two_by_one_account_joins_the_whole_by_its_larger_part_alone():
    """The other part is asked about in vain: it differs from what the whole is joined with."""
    whole = card(1, RUN)
    first = card(
        2,
        copy(
            distance_m=2500.0,
            elapsed_s=900.0,
            moving_s=890.0,
            average_heartrate_bpm=None,
            calories_kcal=None,
        ),
    )
    second = card(
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
    assert {2, 3} not in [set(group) for group in grouped(whole, first, second)]
    assert not any({2, 3} <= group for group in grouped(whole, first, second))


def test_equal_claims_need_no_score():
    """Whatever the figures say."""
    assert grouped(card(1, RUN, "strava:1"), card(2, copy(LAP, after=9000), "strava:1")) == {
        frozenset({1, 2})
    }


def test_a_persons_word_wins():
    """Against equal claims and the score."""
    no = Edge(1, 2, "different", "person", "mine")
    assert len(grouped(card(1, RUN, "a:1"), card(2, copy(), "a:1"), said=[no])) == 2


def test_a_later_copy_follows_a_persons_word():
    """What was told apart stays apart, though the copy resembles both."""
    one, two, later = card(1, RUN), card(2, copy(after=2)), card(3, copy(account="files"))
    no = Edge(1, 2, "different", "person", "mine")
    assert not any({1, 2} <= group for group in grouped(one, two, later, said=[no]))


def test_equal_commutes_that_each_account_holds_twice_are_not_asked_about():
    """Nine hours apart to the second: each has its copy, so the pairs across are no question."""
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
    assert asked(card(1, out), card(2, replace(home, account="strava"))) == [(1, 2)]
    assert (
        asked(
            card(1, out),
            card(2, home),
            card(3, replace(out, account="strava")),
            card(4, replace(home, account="strava")),
        )
        == []
    )


def test_predictions_name_each_pair_of_a_group():
    """Also the pair that only a third source joins."""
    cards = [card(1, RUN), card(2, copy(after=2)), card(3, copy(account="files", after=1))]
    found = predictions(match(cards, learned_weights()))
    assert [(one.first, one.second, one.verdict) for one in found] == [
        (1, 2, "same"),
        (1, 3, "same"),
        (2, 3, "same"),
    ]


@pytest.mark.parametrize("clock", [1, 13, 15, 23])
def test_a_record_of_a_day_finds_its_workout_at_any_time_of_the_day(clock):
    """A training log that knows no clock stands at midnight."""
    midnight = NOON - NOON % 86_400
    run = replace(
        RUN, start_utc_s=midnight + (clock - 2) * HOUR, start_local_s=midnight + clock * HOUR
    )
    log = replace(
        RUN, account="log", start_utc_s=None, start_local_s=midnight, precision_s=86_400.0
    )
    assert [
        len(group) for group in match([card(1, run), card(2, log)], learned_weights()).clusters
    ] == [2]


@pytest.mark.parametrize("days", [1, -1])
def test_equal_workouts_of_two_days_are_two(days):
    """The same way in the same time, by a log that knows the day alone, or to the second."""
    midnight = NOON - NOON % 86_400
    log = replace(
        RUN, account="log", start_utc_s=None, start_local_s=midnight, precision_s=86_400.0
    )
    for clock in (0, 20):
        start = midnight + days * 86_400 + clock * HOUR
        run = replace(RUN, start_utc_s=start - 2 * HOUR, start_local_s=start)
        assert [
            len(group) for group in match([card(1, run), card(2, log)], learned_weights()).clusters
        ] == [1, 1]
        assert grouped(card(1, run), card(2, copy(run, after=days * 86_400))) == {
            frozenset({1}),
            frozenset({2}),
        }


def test_the_cost_grows_with_the_number_of_workouts():
    """Candidates are neighbours in time: twice the history, twice the pairs."""
    dice = random.Random(5)
    days = [dice.uniform(6, 20) * HOUR for _ in range(400)]
    cards = [
        card(
            n,
            replace(RUN, start_utc_s=NOON + n * 86_400 + at, start_local_s=NOON + n * 86_400 + at),
        )
        for n, at in enumerate(days)
    ]
    half, whole = (len(match(some, learned_weights()).judgments) for some in (cards[:200], cards))
    assert whole < 2.5 * max(half, 10)
