"""The laps that a file gets: every format needs at least one for each activity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.model import Lap

if TYPE_CHECKING:
    from fitglue_registry.model import SourceActivity

#: Field of a lap ← field of an activity with the same meaning.
_TOTALS = (
    "moving_s",
    "distance_m",
    "calories_kcal",
    "average_heartrate_bpm",
    "max_heartrate_bpm",
    "average_watts",
    "weighted_average_watts",
    "max_watts",
    "average_cadence_rpm",
    "average_speed_mps",
    "max_speed_mps",
    "elevation_gain_m",
)


def laps_of(
    activity: SourceActivity,
    elapsed_s: float | None,
) -> list[Lap]:
    """Return the laps of an activity whose start is known.

    Without laps of the device, they are the intervals of a service; without these, one lap covers
    everything.

    Args:
        activity: The activity.
        elapsed_s: How long it lasts, if this is known.
    """
    for kind in ("lap", "interval"):
        laps = [lap for lap in activity.laps if lap.kind == kind and has_start(lap)]
        if laps:
            return laps
    return [one_lap(activity, elapsed_s)]


def one_lap(
    activity: SourceActivity,
    elapsed_s: float | None,
) -> Lap:
    """Return one lap that covers an activity."""
    totals = {name: getattr(activity, name) for name in _TOTALS}
    return Lap(
        start_s=0.0,
        elapsed_s=elapsed_s,
        **totals,
    )


def has_start(lap: Lap) -> bool:
    """Return whether the start of a lap is known."""
    return lap.start_s is not None or lap.start_utc is not None
