"""Decides which of two values of a field is a value: one rule for rows, files and sources."""

from __future__ import annotations

from typing import Any

ABSENT: tuple[Any, ...] = (None, (), {})
"""The values that mean "absent" in every field."""
#: Totals, averages and extremes in which programs write 0 for "not measured". A watch writes 0 m
#: for a run on a treadmill, and 0 W or 0 bpm for a sensor that it did not find. An ascent, a
#: temperature, a training load or a work of 0 is common and is not among them.
_ZERO_MEANS_NOTHING = frozenset(
    {
        "elapsed_s",
        "moving_s",
        "recording_s",
        "distance_m",
        "average_speed_mps",
        "max_speed_mps",
        "calories_kcal",
        "average_heartrate_bpm",
        "max_heartrate_bpm",
        "min_heartrate_bpm",
        "average_watts",
        "weighted_average_watts",
        "max_watts",
        "average_cadence_rpm",
        "max_cadence_rpm",
        "average_stride_m",
        "average_ground_contact_ms",
        "average_vertical_oscillation_mm",
        "average_vertical_ratio_pct",
        "pool_length_m",
        "pool_lengths",
    }
)


def is_doubtful_zero(field: str, value: Any) -> bool:
    """Return whether a value is a zero that gives way to another value of the same field.

    If no other value exists, the zero is kept. Samples are not totals: a zero among them is data.

    Args:
        field: The name of a field of a source activity.
        value: Its value.
    """
    return field in _ZERO_MEANS_NOTHING and value == 0


def gives_way(
    field: str,
    value: Any,
    other: Any,
) -> bool:
    """Return whether another value of the same field replaces a value.

    Args:
        field: The name of a field of a source activity.
        value: The value that is preferred if both are values.
        other: The other value.

    Returns:
        True if ``other`` is a value and ``value`` is absent, or if ``value`` is a zero that means
        "not measured" and ``other`` is not.
    """
    if other in ABSENT:
        return False
    if value in ABSENT:
        return True
    return is_doubtful_zero(field, value) and not is_doubtful_zero(field, other)
