"""The average speed of a workout, which belongs to one distance and one time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.model.activity import Provenance

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_registry.model.activity import SourceActivity

AVERAGE_SPEED = "average_speed_mps"
"""The field that has to agree with the distance and the time of its activity."""
COMPUTED_SPEED = Provenance("computed", note="from the distance and the time of this activity")
"""The provenance of an average speed that follows from the distance and the time."""
#: Distances and times that differ by a smaller share are taken to be the same measurement.
_SAME = 0.01


def with_average_speed(activity: SourceActivity) -> SourceActivity:
    """Return an activity with an average speed, computed and marked if the source states none.

    Args:
        activity: What one source says about a workout.
    """
    if activity.average_speed_mps:
        return activity
    speed = computed_speed(activity)
    if speed is None:
        return activity
    return msgspec.structs.replace(
        activity,
        average_speed_mps=speed,
        provenance={**activity.provenance, AVERAGE_SPEED: COMPUTED_SPEED},
    )


def computed_speed(activity: SourceActivity) -> float | None:
    """Return the distance divided by the moving time, in m/s, or ``None`` if one is not known.

    Args:
        activity: The activity; without a moving time, its elapsed time is used.
    """
    seconds = activity.moving_s or activity.elapsed_s
    if not activity.distance_m or not seconds:
        return None
    return round(activity.distance_m / seconds, 4)


def speed_for(
    activity: SourceActivity,
    stated: Iterable[SourceActivity],
) -> SourceActivity | None:
    """Return the first activity whose average speed was made from the distance and time of another.

    Args:
        activity: The activity whose distance and time are known.
        stated: The activities that state a speed, the preferred one first.

    Returns:
        One of ``stated``, or ``None`` if each of them has another distance or time.
    """
    for other in stated:
        if other.average_speed_mps and _is_same_measurement(activity, other):
            return other
    return None


def _is_same_measurement(activity: SourceActivity, other: SourceActivity) -> bool:
    """Return whether the distances and the times of two activities are about the same."""
    moving_s = activity.moving_s, other.moving_s
    elapsed_s = activity.elapsed_s, other.elapsed_s
    times = moving_s if all(moving_s) else elapsed_s
    return _is_about(activity.distance_m, other.distance_m) and _is_about(*times)


def _is_about(value: float | None, other: float | None) -> bool:
    """Return whether two values are about the same; an unknown value contradicts nothing."""
    if value is None or other is None:
        return True
    return abs(value - other) <= _SAME * max(value, other)
