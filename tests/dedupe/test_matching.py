"""Evidence: equal claims say same; what starts close together is worth asking about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fitglue_registry.dedupe import Candidate, Traits, claim_edges, pairs_near_in_time
from fitglue_registry.dedupe.blocking import MAX_GAP_FOR_PLUGINS

START = datetime(2026, 5, 1, 7, 30)  # noqa: DTZ001 - a local time


def card(number, *claims, after=timedelta(0), start=START):
    at = None if start is None else (start + after).replace(tzinfo=UTC).timestamp()
    return Candidate(
        number,
        (f"c{number}", f"x{number}", 0),
        frozenset(claims),
        Traits(f"c{number}", start_local_s=at),
    )


def pairs(changed, others):
    return [(one.id, two.id) for one, two in pairs_near_in_time(changed, others)]


def test_equal_claims_say_same():
    """The pair is named with the claim that both assert."""
    [edge] = claim_edges([card(2, "strava:1", "garmin:5"), card(1, "strava:1", "garmin:6")])
    assert (edge.first, edge.second, edge.verdict, edge.said_by, edge.reason) == (
        1,
        2,
        "same",
        "claim",
        "both are strava:1",
    )


def test_differing_ids_of_one_service_say_nothing():
    """An account holds its own doubles."""
    assert claim_edges([card(1, "strava:1"), card(2, "strava:2")]) == []


def test_every_pair_of_a_claim_is_named_once():
    """Three that share two claims are three pairs."""
    found = claim_edges([card(number, "a:1", "b:2") for number in (3, 1, 2)])
    assert [(edge.first, edge.second) for edge in found] == [(1, 2), (1, 3), (2, 3)]


@pytest.mark.parametrize(
    ("after", "asked"),
    [
        (timedelta(0), True),
        (MAX_GAP_FOR_PLUGINS, True),
        (MAX_GAP_FOR_PLUGINS + timedelta(seconds=1), False),
        (-MAX_GAP_FOR_PLUGINS, True),
    ],
)
def test_a_pair_is_near_within_a_quarter_of_an_hour(after, asked):
    """Fifteen minutes included, in either direction."""
    assert pairs([card(1)], [card(2, after=after)]) == ([(1, 2)] if asked else [])


def test_only_pairs_with_a_changed_one_are_asked_about():
    """Old pairs were asked about when they were new."""
    assert pairs([card(3)], [card(1), card(2)]) == [(1, 3), (2, 3)]


def test_two_changed_ones_are_a_pair_once():
    """Also when one of them is among the others too."""
    assert pairs([card(1), card(2)], [card(2)]) == [(1, 2)]


def test_what_has_no_start_is_near_nothing():
    """Without a moment there is nothing to compare."""
    assert pairs([card(1, start=None), card(2)], [card(3, start=None)]) == []


def test_the_edges_of_the_calendar_are_no_trouble():
    """The first and the last moment there is."""
    first, last = datetime.min, datetime.max  # noqa: DTZ901
    assert pairs([card(1, start=last), card(2, start=first)], [card(3, start=last)]) == [(1, 3)]
