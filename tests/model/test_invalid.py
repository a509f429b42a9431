"""Tests of numbers that mean "not measured" and that a service passes on as if they were values."""

from __future__ import annotations

import pytest

from fitglue_registry.model import Completeness, Lap, SourceActivity, without_invalid


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("average_heartrate_bpm", 255.0),
        ("max_heartrate_bpm", 65_535.0),
        ("average_cadence_rpm", 255.0),
        ("average_watts", 65_535.0),
        ("calories_kcal", 65_535.0),
        ("elevation_gain_m", 65_535.0),
        ("max_speed_mps", 65.535),
        ("min_altitude_m", -500.0),
        ("average_temperature_c", 127.0),
        ("distance_m", 42_949_672.95),
        ("moving_s", 4_294_967.295),
        ("max_heartrate_bpm", 999.0),
        ("max_speed_mps", 99_999.0),
        ("elapsed_s", 99_999_999.0),
    ],
)
def test_an_invalid_number_is_left_out_with_the_reason(field, value):
    """The largest number of a type of FIT is no measurement, and the completeness says so."""
    activity = without_invalid(SourceActivity(sport="Run", **{field: value}))
    assert getattr(activity, field) is None
    assert activity.completeness.missing[field].startswith(f"the source says {value:,.10g}")


@pytest.mark.parametrize(
    ("field", "value"),
    [("average_watts", 255.0), ("calories_kcal", 255.0), ("distance_m", 65_535.0)],
)
def test_the_same_number_of_another_field_is_a_value(field, value):
    """255 W, 255 kcal and 65,535 m are possible."""
    activity = SourceActivity(**{field: value})
    assert without_invalid(activity) is activity


def test_an_invalid_number_of_a_lap_is_left_out():
    """A lap loses the number, and its other values stay."""
    lap = Lap(distance_m=1000.0, average_heartrate_bpm=255.0)
    activity = without_invalid(SourceActivity(laps=(lap,), completeness=Completeness(("file",))))
    assert activity.laps == (Lap(distance_m=1000.0),)
    assert activity.completeness == Completeness(("file",))
