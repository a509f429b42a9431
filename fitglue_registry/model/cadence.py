"""Whether a cadence on foot counts the steps of one leg or of both: one rule for every source."""

from __future__ import annotations

from fitglue_registry.model.invalid import why_invalid
from fitglue_registry.model.sports import family

#: Family of sports on foot → the highest typical cadence of one leg, and the lowest of both legs,
#: per minute. Runners take 140 to 200 steps per minute, and walkers 90 to 130; between the two
#: numbers, the value does not show which one it is.
_LEGS = {"running": (105, 125), "walking": (75, 85)}


def counts_one_leg(
    sport: str,
    cadence: float | None,
) -> bool | None:
    """Return whether a cadence counts the steps of one leg.

    Garmin and Strava write the steps of one leg, other programs those of both, and each service
    passes on what it was given, whatever its documentation says. The value shows it, because nobody
    runs 348 steps per minute.

    Args:
        sport: The canonical sport.
        cadence: A typical cadence of the workout.

    Returns:
        ``None`` for sports that are not on foot, and if the value leaves it open.
    """
    if cadence is None or cadence <= 0 or family(sport) not in _LEGS:
        return None
    if why_invalid("average_cadence_rpm", cadence) is not None:
        return None
    one_leg, both_legs = _LEGS[family(sport)]
    if cadence <= one_leg:
        return True
    return False if cadence >= both_legs else None
