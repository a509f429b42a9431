"""GPX and TCX files that people reported as misread, with what a careful person would have written
down.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fitglue_formats import activities
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import problems

_REPORTS = (
    Path(os.environ.get("FITGLUE_SHARED") or Path(__file__).parents[4] / "shared")
    / "data"
    / "reports"
)

pytestmark = [pytest.mark.shared, pytest.mark.usefixtures("shared_files")]


def read(name: str):
    """Return the workouts of a reported file."""
    path = _REPORTS / name
    workouts = activities(path.read_bytes(), path.name)
    assert [problem for workout in workouts for problem in problems(workout)] == []
    return workouts


def only(name: str):
    """Return the only workout of a reported file."""
    [workout] = read(name)
    return workout


def samples(workout, kind: str) -> list:
    """Return the samples of a stream."""
    return next(list(item.values) for item in workout.streams if item.type == kind)


@pytest.mark.parametrize(
    "name",
    [
        "10-gpx-version-1.0-or-none/g01-version10-ext.gpx",
        "10-gpx-version-1.0-or-none/g02-no-version.gpx",
        "11-gpx-prefixed-root/g04-prefixed-root.gpx",
    ],
)
def test_a_gpx_of_any_version_and_prefix_has_its_extensions_and_sport(name):
    """Heart rate, cadence and sport do not depend on the version or the prefixes of a GPX."""
    workout = only(name)
    assert workout.sport == "Run"
    assert (len(samples(workout, "heartrate")), len(samples(workout, "cadence"))) == (120, 120)


def test_shuffled_points_are_sorted():
    """Points that are shuffled within each 30 seconds are all kept, in the order of time."""
    workout = only("13-gpx-points-out-of-order/g09-out-of-order.gpx")
    assert samples(workout, "time") == sorted(samples(workout, "time"))
    assert (len(samples(workout, "time")), f"{workout.start_utc:%H:%M:%S}") == (120, "08:00:00")
    assert workout.moving_s <= workout.elapsed_s


def test_three_days_in_one_gpx_are_three_workouts():
    """Three tracks of three days are three workouts that do not form a multisport event."""
    workouts = read("15-gpx-several-days-one-workout/d6/all.gpx")
    assert [round(workout.distance_m / 1000, 1) for workout in workouts] == [10.0, 10.0, 10.0]
    assert [(workout.leg_no, workout.parent) for workout in workouts] == [
        (0, None),
        (1, None),
        (2, None),
    ]


def test_repeated_segments_count_once():
    """Segments that repeat what came before count once in every figure."""
    workout = only("16-gpx-repeated-segments/g06-segments-repeat.gpx")
    assert (workout.moving_s, round(workout.elevation_gain_m)) == (595, 69)
    assert workout.completeness.missing == {
        "use of all points": "dropped 120 of 240 (repetitions of others)",
    }


def test_equal_times_are_no_times():
    """A GPX whose times are all equal is refused, and the message states why."""
    with pytest.raises(RecordRefused, match="have the same one, 2024-06-01 08:00:00 UTC") as caught:
        read("17-gpx-no-usable-times/g07-all-times-equal.gpx")
    assert caught.value.code == "FG-gpx-without-times"


def test_one_bad_latitude_costs_one_position():
    """A point with an empty latitude loses its position, and the workout states it."""
    workout = only("18-gpx-one-bad-element-loses-all/g15-one-bad-lat.gpx")
    assert len(samples(workout, "time")) == 120
    assert samples(workout, "latlng").count(None) == 1
    assert "1 of 120" in workout.completeness.missing["position of each point"]


def test_a_waypoint_without_coordinates_costs_nothing():
    """A photo without coordinates does not concern the recording."""
    assert (
        len(samples(only("18-gpx-one-bad-element-loses-all/g24-wpt-without-lat.gpx"), "time"))
        == 120
    )


def test_steps_per_minute_are_those_of_both_legs():
    """A cadence of 174 steps per minute is not that of one leg."""
    assert only("20-cadence-steps-called-one-leg/g20-steps-per-minute.gpx").cadence_per_leg is False


def test_the_cadence_of_a_tcx_lap_is_the_average_cadence():
    """The average cadence of a TCX is that of its laps."""
    assert only("21-tcx-average-cadence-dropped/t02-cadence-lap.tcx").average_cadence_rpm == 88


def test_the_invalid_values_of_fit_are_absent_in_tcx():
    """A heart rate of 255 and 65,535 kcal mean that nothing was measured."""
    workout = only("22-tcx-invalid-255-65535/t04-hr255-cal65535.tcx")
    assert (workout.average_heartrate_bpm, workout.max_heartrate_bpm) == (129.5, 139)
    assert workout.calories_kcal is None
    assert "255" in workout.provenance["average_heartrate_bpm"].note
    assert "65,535" in workout.completeness.missing["calories_kcal"]


def test_a_tcx_activity_without_a_time_costs_only_itself():
    """The first of two activities is kept, and states that the second cannot be used."""
    workout = only("23-tcx-one-bad-activity-loses-all/t07-two-activities-one-bad.tcx")
    assert workout.elapsed_s == 595
    assert "activity 2" in workout.completeness.missing["use of all activities"]
