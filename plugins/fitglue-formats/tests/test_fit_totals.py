"""Totals and averages that a FIT session leaves out, or states as 0 although its samples have
a value.
"""

from __future__ import annotations

import pytest

from fitglue_formats import activities
from fitglue_formats.testing import T0

SAMPLE = {4: ("u1", 80), 13: ("i1", 20), 2: ("u2", 4500)}


def ride_of(fit, more: dict, sample: dict | None = None):
    """Return a ride of ten seconds whose session has the given fields."""
    made = fit().file_id()
    for second in range(11):
        made.record(second, SAMPLE | (sample or {}))
    made.lap(0, 10, {9: ("u4", 3000), 11: ("u2", 7)})
    [activity] = activities(made.session(0, 10, more).content())
    return activity


@pytest.mark.parametrize(
    ("key", "base", "field", "expected"),
    [
        (9, "u4", "distance_m", 30),
        (11, "u2", "calories_kcal", 7),
        (16, "u1", "average_heartrate_bpm", 140),
        (20, "u2", "average_watts", 200),
        (18, "u1", "average_cadence_rpm", 80),
    ],
)
def test_a_zero_beside_a_positive_value_is_no_value(fit, key, base, field, expected):
    """A total or average of 0 gives way to the samples or the laps, and the provenance says so."""
    activity = ride_of(fit, {key: (base, 0)})
    assert getattr(activity, field) == expected
    assert activity.provenance[field].how == "computed"


def test_a_zero_that_stands_alone_is_kept(fit):
    """A distance of 0 without samples or laps that say otherwise is a distance."""
    [activity] = activities(fit().file_id().session(0, 10, {9: ("u4", 0)}).content())
    assert (activity.distance_m, activity.provenance) == (0, {})


def test_averages_that_the_session_leaves_out_are_computed_and_marked(fit):
    """Cadence, temperature, altitude and speed have an average even if the session has none."""
    activity = ride_of(fit, {}, {4: ("u1", 80)})
    assert (activity.average_cadence_rpm, activity.max_cadence_rpm) == (80, 80)
    assert (activity.average_temperature_c, activity.average_altitude_m) == (20, 400)
    assert activity.average_speed_mps == 3
    computed = {"average_cadence_rpm", "average_altitude_m", "average_speed_mps"}
    assert all(activity.provenance[field].how == "computed" for field in computed)


def test_coasting_does_not_count_in_the_average_cadence(fit):
    """The average cadence is the one of the time with pedaling, as devices compute it."""
    made = fit().file_id()
    for second, rpm in enumerate((0, 80, 90, 0)):
        made.record(second, {4: ("u1", rpm)})
    [activity] = activities(made.session(0, 3).content())
    assert activity.average_cadence_rpm == 85


@pytest.mark.parametrize(
    ("sport", "rpm", "per_leg"),
    [(1, 85, True), (1, 174, False), (11, 55, True), (11, 110, False), (17, 115, False)],
)
def test_a_cadence_that_no_leg_can_have_is_not_per_leg(fit, sport, rpm, per_leg):
    """The cadence of a run, a walk or a hike is per leg only if its value can be."""
    made = fit().file_id()
    for second in range(3):
        made.write(20, {253: ("u4", T0 + second), 4: ("u1", rpm)})
    [activity] = activities(made.session(0, 2, sport=sport).content())
    assert activity.cadence_per_leg is per_leg
