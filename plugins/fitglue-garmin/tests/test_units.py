"""Tests of the table of values whose unit in the list differs from that in the detail."""

from __future__ import annotations

import pytest

from fitglue_garmin.tables import tables

#: Value in the list, value in the detail, and what both mean: a field or a metric, in our unit.
TABLE = [
    ({"avgPower": 201.0}, {"averagePower": 201.0}, "average_watts", 201.0),
    ({"normPower": 215.0}, {"normalizedPower": 215.0}, "weighted_average_watts", 215.0),
    ({"intensityFactor": 0.8}, {"intensityFactor": 80.0}, "intensity_pct", 80.0),
    (
        {"poolLength": 2500.0, "unitOfPoolLength": {"unitKey": "yard"}},
        {"poolLength": 25.0, "unitOfPoolLength": {"unitKey": "meter"}},
        "pool_length_m",
        25.0,
    ),
    (
        {"poolLength": 2286.0, "unitOfPoolLength": {"unitKey": "yard"}},
        {"poolLength": 25.0, "unitOfPoolLength": {"unitKey": "yard"}},
        "pool_length_m",
        22.86,
    ),
    (
        {"avgStrokeDistance": 178.0},
        {"averageStrokeDistance": 1.78},
        "average_stroke_distance_m",
        1.78,
    ),
    ({"avgStrideLength": 103.0}, {"strideLength": 103.0}, "average_stride_m", 1.03),
    (
        {"avgVerticalOscillation": 8.4},
        {"verticalOscillation": 8.4},
        "average_vertical_oscillation_mm",
        84.0,
    ),
    (
        {"getlactateThresholdSpeed": 0.36},
        {"lactateThresholdSpeed": 3.6},
        "lactate_threshold_speed_mps",
        3.6,
    ),
    ({"maxDepth": 1830.0}, {"maxDepth": 18.3}, "max_depth_m", 18.3),
    ({"avgDepth": 900.0}, {"averageDepth": 9.0}, "average_depth_m", 9.0),
    ({"surfaceInterval": 3_600_000.0}, {"surfaceInterval": 3600.0}, "surface_interval_s", 3600.0),
    ({"caloriesConsumed": 418.4}, {"caloriesConsumed": 100.0}, "calories_eaten_kcal", 100.0),
    ({"caloriesEstimated": 836.8}, {"caloriesEstimated": 200.0}, "calories_estimated_kcal", 200.0),
]


def value_of(activity, name):
    """Return a field of an activity, or a metric."""
    if name in activity.metrics:
        return activity.metrics[name]
    return getattr(activity, name)


@pytest.mark.parametrize(("row", "summary", "name", "expected"), TABLE)
def test_list_and_detail_mean_the_same(normalized, detail, row, summary, name, expected):
    """A value of the list and the same value of the detail become the same number in our unit."""
    bare = {"activityId": 7, "startTimeGMT": "2026-11-02 06:31:10"}
    whole = detail(**summary)
    from_list = normalized({"summary": bare | row})[0]
    from_detail = normalized({"detail": whole})[0]
    assert value_of(from_list, name) == pytest.approx(expected, rel=1e-6)
    assert value_of(from_detail, name) == pytest.approx(expected, rel=1e-6)


def test_the_value_of_the_row_wins(normalized, detail):
    """If both have a value, that of the row is used: each sync reads it."""
    [activity] = normalized(
        {
            "summary": {"activityId": 7, "startTimeGMT": "2026-11-02 06:31:10", "averageHR": 140},
            "detail": detail(averageHR=150.0),
        }
    )
    assert activity.average_heartrate_bpm == 140


def test_the_work_of_the_detail_is_not_used(normalized, detail):
    """The total work, which is said to be in kilocalories, is no work."""
    [activity] = normalized({"detail": detail(totalWork=500.0)})
    assert activity.work_j is None
    assert 500.0 not in activity.metrics.values()


@pytest.mark.parametrize("unit", [None, {}, {"unitKey": None}, {"unitKey": "fathom"}, "meter"])
def test_the_length_of_a_pool_in_an_unknown_unit_is_left_out(normalized, detail, unit):
    """A pool length of the detail whose unit is not known is not guessed."""
    [activity] = normalized({"detail": detail(poolLength=25.0, unitOfPoolLength=unit)})
    assert activity.pool_length_m is None


def test_every_key_of_the_table_is_used_once():
    """No key of the row and no key of the detail stands for two different values."""
    values = [*tables().fields.values(), *tables().metrics.values()]
    for side in ("row", "detail"):
        keys = [getattr(value, side) for value in values if getattr(value, side)]
        assert len(keys) == len(set(keys))
