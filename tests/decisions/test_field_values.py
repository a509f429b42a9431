"""Typed text becomes a value of the model, or an error that says what can be typed."""

from __future__ import annotations

import pytest

from fitglue_registry.decisions.field_values import read_value
from fitglue_registry.errors import UserMistake


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("distance_m", "42195", 42195.0),
        ("feel", "2", 2),
        ("trainer", "true", True),
        ("sport", "trail running", "TrailRun"),
        ("title", " ", None),
    ],
)
def test_text_is_converted_to_the_type_of_the_field(field, text, value):
    """Numbers, Boolean values and sports are converted, and blank text clears the field."""
    assert read_value(field, text) == value


@pytest.mark.parametrize(
    ("field", "text", "fix"),
    [
        ("distance_m", "far", "type a number from 0, in meters"),
        ("average_speed_mps", "fast", "type a number, in meters per second"),
        ("rpe", "11", "type a number from 0 to 10"),
        ("average_heartrate_bpm", "3000", "type a number from 0 to 250, in beats per minute"),
        ("max_heartrate_bpm", "255", "type a number from 0 to 250, in beats per minute"),
        ("feel", "2.5", "type a whole number from 1 to 5"),
        ("trainer", "yes", "type true or false"),
        ("power_kind", "guessed", "type one of estimated, measured"),
    ],
)
def test_a_refused_value_is_reported_with_what_can_be_typed(field, text, fix):
    """The error names the range and the unit of the field, and no Python type."""
    with pytest.raises(UserMistake) as caught:
        read_value(field, text)
    assert (caught.value.code, caught.value.fix) == ("FG-value-refused", fix)


@pytest.mark.parametrize(
    ("field", "fix"),
    [
        ("titel", "did you mean title?"),
        ("xyz", "use one of these"),
    ],
)
def test_an_unknown_field_is_reported_with_the_nearest_one(field, fix):
    """The error suggests a similar field; only without one, it lists every field."""
    with pytest.raises(UserMistake) as caught:
        read_value(field, "x")
    is_listed = "distance_m" in (caught.value.why or "")
    assert (caught.value.fix, is_listed) == (fix, fix == "use one of these")
