"""Source activities are found by time and by claim, for one athlete."""

from __future__ import annotations

from fitglue_registry.store.source_activity_rows import load_rows
from fitglue_registry.store.source_activity_search import ids_claiming, ids_near

NOW = "2026-06-15T12:00:00.000Z"


def test_rows_near_a_moment_are_those_of_the_athlete_that_are_not_gone(library, library_of, days):
    """The span is closed at both ends, and other athletes' and vanished workouts are not in it."""
    inside, edge, outside, vanished = (
        library.source_activity(start_local=days(day)) for day in (1, 2, 3, 1)
    )
    library.gone(vanished)
    library_of(library.db, "you").source_activity(start_local=days(1))
    assert ids_near(library.db, "me", [(days(0), days(2))]) == {inside, edge}
    assert ids_near(library.db, "me", [(days(3), days(3))]) == {outside}


def test_claims_are_looked_up_for_one_athlete(library, library_of, activity):
    """The same claim of another athlete is another matter."""
    mine = library.source_activity(claims=("strava:1",))
    library_of(library.db, "you").source_activity(claims=("strava:1",))
    assert ids_claiming(library.db, "me", ["strava:1", "strava:2"]) == {mine}


def test_many_ids_are_looked_up_in_pieces(library):
    """No driver takes lists without end."""
    one = library.source_activity()
    assert set(load_rows(library.db, range(one - 2000, one + 2000))) == {one}
    assert ids_claiming(library.db, "me", [f"a:{number}" for number in range(1200)]) == set()
