"""Conversion of intervals: efforts that Intervals.icu detected in the samples, or the device's laps
if the athlete chose to use those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_intervals.values import Values
from fitglue_registry.model import Lap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_LAPS = 2_000
"""The laps of one workout that are kept. The most that were seen are 265, and each takes a tenth of
a millisecond to make and to check."""


def laps_of(intervals: Iterable[Mapping[str, Any]]) -> tuple[Lap, ...]:
    """Return the intervals as laps, in their order.

    Documented: intervals do not overlap, fill the activity, and have the type WORK or RECOVERY.

    Args:
        intervals: The ``icu_intervals`` of a checked payload.
    """
    return tuple(_lap(Values(interval)) for interval in intervals)


def _lap(values: Values) -> Lap:
    """Return one interval as a lap of the kind ``interval``."""
    # Seen: start_index and end_index count samples, and start_time counts seconds. The two agree
    # only in a recording at 1 Hz without pauses, so neither is computed from the other.
    # average_gradient stays in the raw payload, because its unit is not documented.
    intensity = values.text("type")
    return Lap(
        kind="interval",
        label=values.text("label"),
        group=values.identity("group_id"),
        intensity=intensity.lower() if intensity else None,
        start_s=values.number("start_time"),
        start_index=values.count("start_index"),
        end_index=values.count("end_index"),
        elapsed_s=values.amount("elapsed_time"),
        moving_s=values.amount("moving_time"),
        distance_m=values.amount("distance"),
        average_heartrate_bpm=values.amount("average_heartrate"),
        max_heartrate_bpm=values.amount("max_heartrate"),
        average_watts=values.number("average_watts"),
        weighted_average_watts=values.number("weighted_average_watts"),
        max_watts=values.number("max_watts"),
        average_cadence_rpm=values.amount("average_cadence"),
        average_speed_mps=values.number("average_speed"),
        max_speed_mps=values.number("max_speed"),
        elevation_gain_m=values.amount("total_elevation_gain"),
        training_load=values.number("training_load"),
        zone=values.identity("zone"),
    )
