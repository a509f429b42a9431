"""Tests of finding an athlete's source activities by time and by claim."""

from __future__ import annotations

from fitglue_registry.store.source_activity_rows import load_rows
from fitglue_registry.store.source_activity_search import (
    DaySize,
    counts_of_claims,
    days_beyond,
    ids_claiming,
    ids_near,
)

NOW = "2026-06-15T12:00:00.000Z"


def test_rows_near_a_moment_are_those_of_the_athlete_that_are_not_gone(library, library_of, days):
    """A span of time finds the athlete's source activities, both ends included, but none that are
    gone or belong to another athlete.
    """
    inside, edge, outside, vanished = (
        library.source_activity(start_local=days(day)) for day in (1, 2, 3, 1)
    )
    library.gone(vanished)
    library_of(library.db, "you").source_activity(start_local=days(1))
    assert ids_near(library.db, "me", [(days(0), days(2))]) == {inside, edge}
    assert ids_near(library.db, "me", [(days(3), days(3))]) == {outside}


def test_claims_are_looked_up_for_one_athlete(library, library_of, activity):
    """A claim finds only source activities of the same athlete."""
    mine = library.source_activity(claims=("strava:1",))
    library_of(library.db, "you").source_activity(claims=("strava:1",))
    assert ids_claiming(library.db, "me", ["strava:1", "strava:2"]) == {mine}


def test_days_and_claims_of_many_are_counted(library, library_of, days):
    """Days and claims with more source activities than a limit are found, without those that are
    gone or belong to another athlete.
    """
    for _ in range(3):
        library.source_activity(start_local=days(1), claims=("strava:1", "strava:2"))
    library.source_activity(start_local=days(2), claims=("strava:2",))
    library.gone(library.source_activity(start_local=days(2)))
    library_of(library.db, "you").source_activity(start_local=days(2), claims=("strava:1",))
    span = (days(1), days(3))
    any_size = 1_000_000
    every_day = days_beyond(library.db, "me", [span], DaySize(0, any_size))
    assert {day: size.number for day, size in every_day.items()} == {
        days(1).date(): 3,
        days(2).date(): 1,
    }
    assert list(days_beyond(library.db, "me", [span], DaySize(2, any_size))) == [days(1).date()]
    assert counts_of_claims(library.db, "me", ["strava:1", "strava:2"], 3) == {"strava:2": 4}


def test_days_of_large_documents_are_found(library, days):
    """A day whose documents have more characters together than a limit is found, however few they
    are.
    """
    for title in ("a" * 600, "b" * 600):
        library.source_activity(start_local=days(1), title=title)
    library.source_activity(start_local=days(2), title="c" * 600)
    beyond = days_beyond(library.db, "me", [(days(1), days(2))], DaySize(100, 1_200))
    assert [(day, size.number) for day, size in beyond.items()] == [(days(1).date(), 2)]


def test_many_ids_are_looked_up_in_pieces(library):
    """More ids than fit into one IN list are looked up in several queries."""
    source_activity_id = library.source_activity()
    assert set(
        load_rows(library.db, range(source_activity_id - 2000, source_activity_id + 2000))
    ) == {source_activity_id}
    assert ids_claiming(library.db, "me", [f"a:{number}" for number in range(1200)]) == set()
