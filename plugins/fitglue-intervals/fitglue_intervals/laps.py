"""Detected intervals: efforts that Intervals.icu found in the samples, or the device's laps where
the athlete chose those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_intervals.values import Values
from fitglue_registry.model import Lap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def laps_of(intervals: Iterable[Mapping[str, Any]]) -> tuple[Lap, ...]:
    """The intervals in their order; they tell apart work and recovery, and fill the activity
    without overlap.
    """
    return tuple(_lap(Values(interval)) for interval in intervals)


def _lap(values: Values) -> Lap:
    # Two scales: start_index and end_index count samples, start_time counts seconds. They agree
    # only in a gapless 1 Hz recording, so neither is ever made from the other. average_gradient is
    # left in the raw payload: nothing says its unit.
    intensity = values.text("type")
    return Lap(
        kind="interval",
        label=values.text("label"),
        group=values.identity("group_id"),
        intensity=intensity.lower() if intensity else None,
        start_s=values.figure("start_time"),
        start_index=values.whole("start_index"),
        end_index=values.whole("end_index"),
        elapsed_s=values.amount("elapsed_time"),
        moving_s=values.amount("moving_time"),
        distance_m=values.amount("distance"),
        average_heartrate_bpm=values.amount("average_heartrate"),
        max_heartrate_bpm=values.amount("max_heartrate"),
        average_watts=values.figure("average_watts"),
        weighted_average_watts=values.figure("weighted_average_watts"),
        max_watts=values.figure("max_watts"),
        average_cadence_rpm=values.amount("average_cadence"),
        average_speed_mps=values.figure("average_speed"),
        max_speed_mps=values.figure("max_speed"),
        elevation_gain_m=values.amount("total_elevation_gain"),
        training_load=values.figure("training_load"),
        zone=values.identity("zone"),
    )
