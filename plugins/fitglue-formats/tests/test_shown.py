"""Tests of values in remarks."""

import pytest

from fitglue_formats.rows.shown import shown


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("average_speed_mps", 3.303693465, "3.3 m/s"),
        ("distance_m", 11_893.29647, "11,893.3 m"),
        ("elapsed_s", 600.0, "600 s"),
        ("calories_kcal", 0, "0 kcal"),
        ("title", "Morning Run", "Morning Run"),
        ("rpe", 7.0, "7"),
    ],
)
def test_a_value_is_rounded_and_has_its_unit(field, value, text):
    """A remark shows a number as people write it."""
    assert shown(field, value) == text
