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


@pytest.mark.parametrize("archive", ["garmin.zip", "export_4242-a.zip"])
def test_a_distance_that_was_entered_at_the_service_beats_the_zero_of_the_file(
    host, imported, archive
):
    """Row 30: a run on a treadmill, for which the file has 0 m, has the distance that the athlete
    entered at the service, and ``why`` says what the file has.
    """
    by_title = {row["title"]: row for row in imported(f"30-*/{archive}")}
    treadmill = by_title["Treadmill, distance corrected"]
    assert treadmill["distance_m"] == 2500.0
    remarks = host.why(str(treadmill["number"]))["remarks"]
    assert ("distance_m", "the file has 0 m") in [(row["field"], row["note"]) for row in remarks]


def test_a_crop_at_strava_is_kept(host, imported):
    """Row 31: a run that was cropped at Strava has the start, the time, the distance and the
    samples that are left, and ``why`` says what the file has.
    """
    by_title = {row["title"]: row for row in imported("31-*/*.zip")}
    activity = by_title["Cropped run"]
    assert activity["start_utc"] == "2024-06-02T08:05:00Z"
    assert (activity["elapsed_s"], activity["distance_m"]) == (300.0, 990.0)
    assert by_title["Control run"]["distance_m"] == 1980.0
    notes = {row["field"]: row["note"] for row in host.why(str(activity["number"]))["remarks"]}
    assert notes["elapsed_s"] == "cropped at the service; the file has 600 s"
    assert notes["distance_m"] == "cropped at the service; the file has 1,980 m"


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


def test_a_time_whose_zone_is_unknown_is_not_shown_as_local_time(host, imported):
    """Row 26: the times of rows without a file are UTC, so their local start is null, and the list
    and the views say so.
    """
    activities = imported("26-*/*.zip")
    assert [(row["start_local"], row["start_utc"]) for row in activities] == [
        (None, "2024-06-03T20:00:00Z"),
        (None, "2024-06-02T00:05:00Z"),
        (None, "2024-06-01T08:00:00Z"),
    ]
    marks = host.queries.sql("SELECT DISTINCT start_is_utc FROM activities")
    assert [bool(mark) for (mark,) in marks.rows] == [True]
