"""Tests of joining a row of an archive with its file: which of the two supplies each value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fitglue_formats.rows import combine
from fitglue_registry.model import Provenance, SourceActivity, problems

START = datetime(2026, 5, 3, 6, tzinfo=UTC)


def workout(**values) -> SourceActivity:
    """Return a run of ten minutes."""
    return SourceActivity(**({"sport": "Run", "start_utc": START, "elapsed_s": 600.0} | values))


def joined(row: SourceActivity, leg: SourceActivity) -> SourceActivity:
    """Return the workout of a row and a file with one leg."""
    [activity] = combine(row, [leg])
    return activity


@pytest.mark.parametrize(
    "field",
    [
        "distance_m",
        "calories_kcal",
        "average_heartrate_bpm",
        "max_heartrate_bpm",
        "average_cadence_rpm",
        "average_watts",
        "moving_s",
        "max_speed_mps",
    ],
)
def test_a_zero_of_the_file_gives_way_to_the_row(field):
    """A total of zero in the file means "not measured" if the row has a value, and the provenance
    says that the file has zero.
    """
    activity = joined(workout(**{field: 125.0}), workout(**{field: 0.0}))
    assert getattr(activity, field) == 125
    assert activity.provenance[field].note.startswith("the file has 0 ")


@pytest.mark.parametrize("other", [None, 0.0])
def test_a_zero_that_stands_alone_is_kept(other):
    """A total of zero is kept if the row has no value or zero as well."""
    activity = joined(workout(distance_m=other), workout(distance_m=0.0))
    assert (activity.distance_m, activity.provenance) == (0, {})


def test_an_ascent_of_zero_is_a_value():
    """An ascent of zero in the file is kept, because a track is flat."""
    activity = joined(workout(elevation_gain_m=7.0), workout(elevation_gain_m=0.0))
    assert activity.elevation_gain_m == 0


def test_a_distance_that_was_corrected_at_the_service_wins():
    """If the row and the file last equally long, another distance of the row is a correction, and
    the average speed of the file does not belong to it.
    """
    row = workout(distance_m=2500.0, elapsed_s=601.0, average_speed_mps=4.16)
    leg = workout(distance_m=1980.0, average_speed_mps=3.3)
    activity = joined(row, leg)
    assert (activity.distance_m, activity.average_speed_mps) == (2500, 4.16)
    assert activity.provenance == {
        "distance_m": Provenance("reported", "athlete", note="the file has 1,980 m"),
        "average_speed_mps": Provenance("computed", note="the file has 3.3 m/s"),
    }


def test_a_table_without_elapsed_times_is_compared_by_moving_times():
    """A row of TrainingPeaks has only a moving time, which shows a correction as well."""
    row = workout(distance_m=2500.0, elapsed_s=None, moving_s=590.0)
    assert joined(row, workout(distance_m=1980.0, moving_s=580.0)).distance_m == 2500
    assert joined(row, workout(distance_m=1980.0, moving_s=400.0)).distance_m == 1980


@pytest.mark.parametrize(
    "row", [workout(distance_m=1990.0), workout(distance_m=1500.0, elapsed_s=450.0, start_utc=None)]
)
def test_a_distance_that_was_not_corrected_is_that_of_the_file(row):
    """A small difference is not a correction, and neither is the distance of a shorter workout."""
    leg = workout(distance_m=1980.0, average_speed_mps=3.3)
    activity = joined(row, leg)
    assert (activity.distance_m, activity.average_speed_mps, activity.provenance) == (1980, 3.3, {})


@pytest.mark.parametrize(
    "row",
    [
        workout(distance_m=1785.0, elapsed_s=541.0),
        workout(distance_m=1900.0, elapsed_s=570.0, start_utc=START + timedelta(seconds=30)),
        workout(distance_m=1785.0, elapsed_s=None, moving_s=541.0),
    ],
)
def test_what_a_short_cut_leaves_is_not_a_corrected_distance(row):
    """A row that ends some seconds earlier has less distance for that reason alone, so distance,
    time and speed are all those of the file.
    """
    leg = workout(distance_m=1980.0, moving_s=600.0, average_speed_mps=3.3)
    activity = joined(row, leg)
    assert (activity.distance_m, activity.elapsed_s, activity.moving_s) == (1980, 600, 600)
    assert (activity.average_speed_mps, activity.provenance) == (3.3, {})


def test_a_shorter_distance_in_about_the_same_time_is_a_correction():
    """A treadmill that counted too much is corrected downward, even if the row ends a second
    earlier.
    """
    activity = joined(workout(distance_m=1800.0, elapsed_s=599.0), workout(distance_m=1980.0))
    assert activity.distance_m == 1800


def test_a_file_without_a_sport_has_nothing_that_was_corrected():
    """A file that states no sport is not said to have one."""
    activity = joined(workout(sport="TrailRun"), workout(sport="Other"))
    assert (activity.sport, activity.provenance) == ("TrailRun", {})


def test_a_title_and_a_sport_that_were_corrected_at_the_service_say_what_the_file_has():
    """The title and the sport of the row win, and the provenance has those of the file."""
    row = workout(title="Round the lake", sport="TrailRun")
    activity = joined(row, workout(title="Morning Run", sport="Run"))
    assert (activity.title, activity.sport) == ("Round the lake", "TrailRun")
    assert activity.provenance["title"].note == "the file has Morning Run"
    assert activity.provenance["sport"].note == "the file has Run"


def test_a_title_from_the_name_of_the_file_is_not_worth_a_remark():
    """A title that the reader made from the name of the file was not corrected."""
    mark = {"title": Provenance("estimated", note="the name of the file")}
    leg = workout(title="C5SG4213", provenance=mark)
    assert joined(workout(title="Round the lake"), leg).provenance == {}


@pytest.mark.parametrize(
    ("of_row", "of_file", "expected"),
    [
        ("Workout", "Run", "Run"),
        ("Other", "Run", "Run"),
        (None, "Run", "Run"),
        (None, "Other", "Other"),
        ("Workout", "Other", "Workout"),
        ("Ride", "Run", "Ride"),
        ("Ride", "Workout", "Ride"),
        ("Workout", None, "Workout"),
    ],
)
def test_a_sport_that_says_nothing_corrects_nothing(of_row, of_file, expected):
    """The sport of the row wins unless the file's says more: "Workout" and "Other" say nothing."""
    assert joined(workout(sport=of_row), workout(sport=of_file)).sport == expected


def test_a_highest_speed_below_the_average_of_a_corrected_distance_is_left_out():
    """A highest speed that the corrected distance contradicts is absent, and it is said why."""
    row = workout(distance_m=2500.0)
    activity = joined(row, workout(distance_m=1980.0, average_speed_mps=3.3, max_speed_mps=3.6))
    assert activity.max_speed_mps is None
    assert "3.6 m/s" in activity.completeness.missing["max_speed_mps"]
    assert problems(activity) == []
    kept = joined(row, workout(distance_m=1980.0, average_speed_mps=3.3, max_speed_mps=5.0))
    assert (kept.max_speed_mps, kept.completeness.missing) == (5.0, {})


@pytest.mark.parametrize("note", ["from the samples", "from the points"])
def test_a_reported_extreme_wins_over_one_from_the_samples(note):
    """What the service reports wins over what the reader computed from the samples that are in the
    file, but not over what the device itself states.
    """
    computed = {"max_heartrate_bpm": Provenance("computed", note=note)}
    row = workout(max_heartrate_bpm=170.0)
    activity = joined(row, workout(max_heartrate_bpm=148.0, provenance=computed))
    assert activity.max_heartrate_bpm == 170
    assert activity.provenance["max_heartrate_bpm"].how == "reported"
    assert joined(row, workout(max_heartrate_bpm=148.0)).max_heartrate_bpm == 148


@pytest.mark.parametrize(
    ("row_s", "timer_s", "moving_s"),
    [(550.0, 600.0, 550.0), (599.5, 600.0, 600.0), (600.0, 580.0, 580.0)],
)
def test_a_time_in_motion_of_the_row_wins_if_it_leaves_out_more(row_s, timer_s, moving_s):
    """A timer includes the time in which the athlete stands still, so the shorter time is used."""
    activity = joined(workout(moving_s=row_s), workout(moving_s=timer_s))
    assert activity.moving_s == moving_s
