"""Tests of public bug reports about archives, rebuilt as small inputs in the shared folder."""

from __future__ import annotations

import pytest

from fitglue_registry.sync.events import SyncStopped

pytestmark = pytest.mark.shared


@pytest.fixture
def imported(host, shared):
    """A function that imports paths of the folder of reports and returns the rows of the list."""

    def call(*patterns: str):
        folder = shared / "data/reports"
        paths = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
        for event in host.import_paths(paths):
            assert not isinstance(event, SyncStopped), event.error
        return host.activities()

    return call


def test_the_title_of_the_athlete_beats_the_name_of_the_file(imported):
    """Row 34: the title at Strava beats the name of the same file in a folder."""
    [activity] = imported("34-*/n0/folder", "34-*/n0/*.zip")
    assert activity["title"] == "Round the lake with Ann"
    assert activity["sources"] == ["files", "strava-archive"]


def test_a_workout_of_trainingpeaks_without_a_duration_took_place(imported):
    """Row 33: a swim with only a distance, and a strength workout with only an exertion, are
    workouts, because each column can show that a workout took place.
    """
    activities = imported("33-*/*.zip")
    assert len(activities) == 6
    by_title = {activity["title"]: activity for activity in activities}
    swim = by_title["Swim, only distance logged"]
    strength = by_title["Strength, only RPE and comment"]
    assert (swim["sport"], swim["distance_m"], swim["rpe"], swim["moving_s"]) == (
        "Swim",
        1500.0,
        6.0,
        None,
    )
    assert (strength["sport"], strength["rpe"]) == ("WeightTraining", 7.0)
    assert "Planned only" not in by_title
    assert "Day off" not in by_title
