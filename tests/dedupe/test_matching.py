"""Claims link pairs, and only pairs that start close together are shown to plugins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fitglue_registry.dedupe import Candidate, Traits, claim_edges, pairs_near_in_time
from fitglue_registry.dedupe.blocking import MAX_GAP_FOR_PLUGINS

START = datetime(2026, 5, 1, 7, 30)  # noqa: DTZ001 - a local time


def candidate(number, *claims, after=timedelta(0), start=START):
    at = None if start is None else (start + after).replace(tzinfo=UTC).timestamp()
    return Candidate(
        number,
        (f"c{number}", f"x{number}", 0),
        frozenset(claims),
        Traits(f"c{number}", start_local_s=at),
    )


def pairs(changed, others):
    return [(first.id, second.id) for first, second in pairs_near_in_time(changed, others)]


def test_equal_claims_say_same():
    """Two candidates that share a claim are the same workout, and the edge names the claim."""
    [edge] = claim_edges(
        [candidate(2, "strava:1", "garmin:5"), candidate(1, "strava:1", "garmin:6")]
    )
    assert (edge.first, edge.second, edge.verdict, edge.said_by, edge.reason) == (
        1,
        2,
        "same",
        "claim",
        "both are strava:1",
    )


def test_differing_ids_of_one_service_say_nothing():
    """Different ids of one service make no edge, because an account may contain duplicates."""
    assert claim_edges([candidate(1, "strava:1"), candidate(2, "strava:2")]) == []


def test_every_pair_of_a_claim_is_named_once():
    """Three candidates that share two claims make three edges."""
    edges = claim_edges([candidate(number, "a:1", "b:2") for number in (3, 1, 2)])
    assert [(edge.first, edge.second) for edge in edges] == [(1, 2), (1, 3), (2, 3)]


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
    """Plugins are asked about a pair whose starts are at most fifteen minutes apart, in either
    order.
    """
    assert pairs([candidate(1)], [candidate(2, after=after)]) == ([(1, 2)] if asked else [])


def test_only_pairs_with_a_changed_one_are_asked_about():
    """Plugins are not asked again about a pair if neither candidate has changed."""
    assert pairs([candidate(3)], [candidate(1), candidate(2)]) == [(1, 3), (2, 3)]


def test_two_changed_ones_are_a_pair_once():
    """A pair of two changed candidates is yielded once, even if one of them is also among the
    others.
    """
    assert pairs([candidate(1), candidate(2)], [candidate(2)]) == [(1, 2)]


def test_what_has_no_start_is_near_nothing():
    """A candidate without a start is in no pair."""
    assert pairs([candidate(1, start=None), candidate(2)], [candidate(3, start=None)]) == []


def test_the_limits_of_the_calendar_cause_no_error():
    """Starts at the first and the last moment that datetime can hold cause no error."""
    first, last = datetime.min, datetime.max  # noqa: DTZ901
    assert pairs(
        [candidate(1, start=last), candidate(2, start=first)], [candidate(3, start=last)]
    ) == [(1, 3)]
