"""The average speed of a workout, which belongs to one distance and one time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.model.activity import Provenance
from fitglue_registry.model.sports import family

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_registry.model.activity import SourceActivity

AVERAGE_SPEED = "average_speed_mps"
"""The field that has to agree with the distance and the time of its activity."""
COMPUTED_SPEED = Provenance("computed", note="from the distance and the time of this activity")
"""The provenance of an average speed that follows from the distance and the time."""
#: Distances and times that differ by a smaller share are taken to be the same measurement.
_SAME = 0.01
#: A stated speed may lie outside its distance and time by this share: services round, and count
#: short pauses differently.
_ROUNDING_SHARE = 0.25
#: The same as an absolute value, for the slowest workouts.
_ROUNDING_MPS = 0.1
#: The speed of a swim is often that of the lengths, without the rests at the wall, which can be
#: half of the time.
_REST_SHARE = 0.5


def with_average_speed(activity: SourceActivity) -> SourceActivity:
    """Return an activity with an average speed that belongs to its distance and time.

    A speed that is not stated, or that its own distance and time contradict, is computed and
    marked.

    Args:
        activity: What one source says about a workout.
    """
    stated_mps = activity.average_speed_mps
    speed = computed_speed(activity)
    if speed is None or (stated_mps and _is_explained(stated_mps, activity)):
        return activity
    origin = COMPUTED_SPEED
    if stated_mps:
        note = f"{origin.note}, because the source states {stated_mps:,.6g} m/s"
        origin = msgspec.structs.replace(origin, note=note)
    return msgspec.structs.replace(
        activity,
        average_speed_mps=speed,
        provenance={**activity.provenance, AVERAGE_SPEED: origin},
    )


def computed_speed(activity: SourceActivity) -> float | None:
    """Return the distance divided by the moving time, in m/s, or ``None`` if one is not known.

    Args:
        activity: The activity; without a moving time, its elapsed time is used.
    """
    return speed_of(activity.distance_m, activity.moving_s or activity.elapsed_s)


def speed_of(distance_m: float | None, seconds: float | None) -> float | None:
    """Return the average speed in m/s, or ``None`` if the distance or the time is not known.

    Args:
        distance_m: The distance.
        seconds: The time without pauses, or the elapsed time.
    """
    if not distance_m or not seconds:
        return None
    return round(distance_m / seconds, 6)


def _is_explained(stated_mps: float, activity: SourceActivity) -> bool:
    """Return whether pauses and rounding explain a stated average speed.

    A speed with the pauses is lower than one without them, and both are in use.
    """
    distance_m = activity.distance_m or 0.0
    times = [seconds for seconds in (activity.moving_s, activity.elapsed_s) if seconds]
    lowest = distance_m / max(times) * (1 - _ROUNDING_SHARE)
    highest = distance_m / min(times) * (1 + _ROUNDING_SHARE)
    if family(activity.sport or "") == "swimming":
        highest /= 1 - _REST_SHARE
    return lowest - _ROUNDING_MPS <= stated_mps <= highest + _ROUNDING_MPS


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
