"""Tests of the check that compares the totals of a source activity with each other."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fitglue_registry.model import Completeness, SourceActivity, consistent

WORKOUT = {
    "elapsed_s": 700.0,
    "moving_s": 600.0,
    "distance_m": 1980.0,
    "average_speed_mps": 3.3,
    "max_speed_mps": 4.0,
    "average_heartrate_bpm": 140.0,
    "max_heartrate_bpm": 160.0,
    "average_watts": 200.0,
    "max_watts": 400.0,
}


def test_totals_that_agree_stay_as_they_are():
    """An activity without a contradiction is returned unchanged."""
    activity = SourceActivity(**WORKOUT)
    assert consistent(activity) is activity


@pytest.mark.parametrize(
    ("field", "witness"),
    [
        ("elapsed_s", "time without pauses of 600 s"),
        ("moving_s", "distance of 1,980 m"),
        ("distance_m", "average of 3.3 m/s"),
        ("max_speed_mps", "distance of 1,980 m"),
        ("average_heartrate_bpm", "maximum of 160 bpm"),
        ("max_heartrate_bpm", "average of 140 bpm"),
        ("average_watts", "maximum of 400 W"),
        ("max_watts", "average of 200 W"),
    ],
)
def test_a_zero_beside_a_value_that_contradicts_it_is_absent(field, witness):
    """Such a zero means "not measured", and the completeness says what contradicts it."""
    checked = consistent(SourceActivity(**WORKOUT | {field: 0.0}))
    assert getattr(checked, field) is None
    assert f"the source says 0 beside the {witness}" in checked.completeness.missing[field]


@pytest.mark.parametrize(
    "known",
    [
        {"distance_m": 0.0, "elapsed_s": 600.0},
        {"moving_s": 0.0, "elapsed_s": 1800.0},
        {"average_watts": 0.0, "max_watts": 0.0},
        {"average_heartrate_bpm": 0.0, "average_watts": 200.0},
    ],
)
def test_a_zero_that_nothing_contradicts_is_kept(known):
    """Zero is not missing: nobody moves in a yoga class."""
    activity = SourceActivity(**known)
    assert consistent(activity) is activity


@pytest.mark.parametrize(
    ("changed", "doubt", "words"),
    [
        ({"moving_s": 900.0}, "consistent durations", "(900 s) is longer than"),
        ({"max_heartrate_bpm": 120.0}, "consistent heart rate", "average of 140 bpm is higher"),
        ({"min_heartrate_bpm": 150.0}, "consistent heart rate", "minimum of 150 bpm is higher"),
        ({"max_watts": 150.0}, "consistent power", "average of 200 W is higher"),
        ({"max_speed_mps": 2.0}, "consistent speed", "the maximum of 2 m/s"),
        ({"min_altitude_m": 900.0, "max_altitude_m": 400.0}, "consistent altitude", "900 m"),
        (
            {"average_temperature_c": 30.0, "max_temperature_c": 20.0},
            "consistent temperature",
            "°C",
        ),
        ({"distance_m": 1_980_000.0}, "plausible speed", "11880 km/h"),
    ],
)
def test_a_contradiction_that_nothing_decides_is_kept_and_reported(changed, doubt, words):
    """The values stay as stated, and the completeness says which of them cannot all be true."""
    activity = SourceActivity(**WORKOUT | changed)
    checked = consistent(activity)
    assert words in checked.completeness.missing[doubt]
    assert {field: getattr(checked, field) for field in changed} == changed


@pytest.mark.parametrize(
    "start",
    [
        {"start_utc": datetime(1970, 1, 1, tzinfo=UTC)},
        {"start_utc": datetime(1989, 12, 31, 0, 5, tzinfo=UTC)},
        {"start_utc": datetime(1990, 1, 1, tzinfo=UTC)},
        {"start_utc": datetime(2106, 2, 7, tzinfo=UTC)},
        {"start_local": datetime(1990, 1, 1)},  # noqa: DTZ001 - local
    ],
)
def test_the_start_of_a_clock_that_was_not_set_is_reported(start):
    """A workout whose only start is such a time is kept, and its start is in doubt."""
    checked = consistent(SourceActivity(**start))
    assert "a clock that was not set" in checked.completeness.missing["plausible start"]
    assert (checked.start_utc or checked.start_local) in start.values()


@pytest.mark.parametrize(
    "changed",
    [{"moving_s": 701.0}, {"max_heartrate_bpm": 139.0}, {"max_speed_mps": 3.25}],
)
def test_rounding_is_not_a_contradiction(changed):
    """Two values that were rounded in different ways can differ a little."""
    activity = SourceActivity(**WORKOUT | changed)
    assert consistent(activity) is activity


def test_what_the_reader_of_the_file_reported_is_kept():
    """The reader of a file has seen the samples, so its words about a contradiction stay."""
    reported = {"consistent durations": "words of the reader"}
    activity = SourceActivity(
        **WORKOUT | {"moving_s": 900.0}, completeness=Completeness(("file",), reported)
    )
    assert consistent(activity).completeness.missing == reported
