"""Tests of the lists of activities: filters, order, and the names of connections."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from fitglue_registry.store.activity_filter import Filter
from fitglue_registry.store.counts import count_activities, totals
from fitglue_registry.store.lists import list_activities
from fitglue_registry.store.references import resolve


def at(text):
    return datetime.fromisoformat(text)


@pytest.fixture
def year(library):
    """Store a ride in January, a run late in the evening in May, and a swim without a title in
    June.
    """
    strava = library.put(library.record(library.connection("strava"))).ids[0]
    library.put(library.record(library.connection()))
    rows = [
        ("2026-01-10T08:00:00", "Grundlage über Bühl", "Ride", 80_000.0),
        ("2026-05-20T23:59:59.500000", "Вечерний бег 50%", "Run", 10_000.0),
        ("2026-06-01T00:00:00", None, "Swim", None),
    ]
    ids = [
        library.source_activity(
            start_local=at(start), title=title, sport=sport, distance_m=distance_m
        )
        for start, title, sport, distance_m in rows
    ]
    library.assign((ids[0], strava), (ids[1],), (ids[2],))
    return library


def sports(library, **filters):
    return [row["sport"] for row in list_activities(library.db, "me", Filter(**filters))]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["Swim", "Run", "Ride"]),
        ({"since": date(2026, 5, 20)}, ["Swim", "Run"]),
        ({"since": date(2026, 5, 21)}, ["Swim"]),
        ({"until": date(2026, 5, 20)}, ["Run", "Ride"]),
        ({"until": date(2026, 5, 19)}, ["Ride"]),
        ({"since": date(2026, 6, 1), "until": date(2026, 6, 1)}, ["Swim"]),
        ({"until": date.max}, ["Swim", "Run", "Ride"]),
        ({"since": date.min}, ["Swim", "Run", "Ride"]),
        ({"sport": "run"}, ["Run"]),
        ({"sport": "RIDE"}, ["Ride"]),
        ({"sport": "Golf"}, []),
        ({"text": "grundlage"}, ["Ride"]),
        ({"text": "ÜBER BÜHL"}, ["Ride"]),
        ({"text": "вечерний"}, ["Run"]),
        ({"text": "50%"}, ["Run"]),
        ({"text": "%"}, ["Run"]),
        ({"text": "_"}, []),
        ({"text": "\\"}, []),
        ({"text": "'"}, []),
        ({"min_distance_m": 10_000}, ["Run", "Ride"]),
        ({"min_distance_m": 0}, ["Run", "Ride"]),
        ({"min_distance_m": 10_001}, ["Ride"]),
        ({"source": "strava"}, ["Ride"]),
        ({"source": "nowhere"}, []),
        ({"limit": 2}, ["Swim", "Run"]),
        ({"limit": 0}, []),
        ({"sport": "Ride", "text": "бег"}, []),
    ],
)
def test_a_filter_shows_what_it_says_newest_first(year, filters, expected):
    """A filter includes both of its days and searches text in any alphabet without regard to case;
    wildcards have no special meaning.
    """
    assert sports(year, **filters) == expected


def test_a_list_names_the_connections_of_each_activity(year):
    """An activity with records of two accounts is listed with both names."""
    assert [row["sources"] for row in list_activities(year.db, "me", Filter(sport="Ride"))] == [
        ["intervals-2", "strava"]
    ]


def test_gone_activities_are_in_no_list(library):
    """Activities that are gone are not listed."""
    source_activity_id = library.source_activity()
    library.assign((source_activity_id,), gone=True)
    assert sports(library) == []
    assert totals(library.db, "me", date.min, date.max)["count"] == 0


def test_totals_count_whole_days_and_what_is_known(year):
    """Totals include both days completely, use the elapsed time where the moving time is missing,
    and ignore absent values.
    """
    assert totals(year.db, "me", date(2026, 1, 10), date(2026, 5, 20)) == {
        "count": 2,
        "moving_s": 7400.0,
        "distance_m": 90_000.0,
        "training_load": 0,
    }
    assert totals(year.db, "me", date.min, date.max)["count"] == 3


@pytest.fixture
def triathlon(library):
    """Store a swim, the transition after it, and a workout of an unknown sport."""
    start = at("2026-05-20T08:00:00")
    library.activity(start_local=start, sport="Swim", elapsed_s=1500.0, moving_s=None)
    library.activity(start_local=start, sport="Transition", elapsed_s=150.0, moving_s=None)
    library.activity(start_local=start, sport=None, elapsed_s=300.0, moving_s=None)
    return library


def test_a_transition_is_not_counted_but_its_time_is_part_of_the_event(triathlon):
    """A transition is no workout of its own, so totals have its time, but do not count it."""
    found = totals(triathlon.db, "me", date.min, date.max)
    assert (found["count"], found["moving_s"]) == (2, 1950.0)


def test_the_number_of_activities_leaves_out_transitions(triathlon):
    """The number of activities does not count transitions, which are listed nevertheless."""
    assert count_activities(triathlon.db, "me") == 2
    assert "Transition" in sports(triathlon)


@pytest.fixture
def evening(library):
    """Store a run whose zone is unknown, at 23:30 UTC, and a ride that began two hours before it,
    at 06:30 the next morning in Tokyo.
    """
    library.activity(start_utc=at("2026-05-20T23:30:00+00:00"), start_local=None, sport="Run")
    library.activity(
        start_utc=at("2026-05-20T21:30:00+00:00"), start_local=at("2026-05-21T06:30:00")
    )
    return library


def test_activities_are_sorted_by_utc_and_dated_by_the_local_clock(evening):
    """The list is in the order in which workouts began; the day is that of the local clock, or of
    UTC if the zone is unknown, and UTC is never shown as local time.
    """
    run, ride = list_activities(evening.db, "me", Filter())
    assert (run["sport"], run["start_local"], run["day"]) == ("Run", None, "2026-05-20")
    assert (ride["start_local"], ride["day"]) == ("2026-05-21T06:30:00", "2026-05-21")
    assert resolve(evening.db, "me", "last") == run["id"]
    assert resolve(evening.db, "me", "2026-05-21") == ride["id"]


def test_filters_and_totals_count_days(evening):
    """A workout counts for its own day in filters and totals."""
    day = date(2026, 5, 20)
    assert sports(evening, until=day) == ["Run"]
    assert sports(evening, since=date(2026, 5, 21)) == ["Ride"]
    assert totals(evening.db, "me", day, day)["count"] == 1
