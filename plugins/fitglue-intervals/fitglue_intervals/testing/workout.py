"""The workout that the fields of an Activity object are computed from, and the athlete's values."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from fitglue_intervals.testing.plan import Plan
    from fitglue_intervals.testing.shapes import Shape
    from fitglue_intervals.testing.sports import Origin

# Watts, joules and beats per minute; weight in kg. They are a plausible set of one athlete.
FTP = 248
W_PRIME = 15_800
P_MAX = 880
LTHR = 165
MAX_HR = 186
WEIGHT = 74.2
# Upper bounds of the zones: heart rate in bpm, power in percent of FTP, pace in percent of the
# threshold speed. Seen: the last bound of power and pace is 999.
HR_ZONES = [134, 147, 155, 164, 169, 174, 186]
POWER_ZONES = [55, 75, 90, 105, 120, 150, 999]
PACE_ZONES = [77.5, 87.7, 94.3, 100.0, 103.4, 111.5, 999.0]
# Meters per second: 4:55 per kilometer, and 2:00 per 100 m.
THRESHOLD_RUN = 3.3898
THRESHOLD_SWIM = 0.8333333


class Workout(NamedTuple):
    """A workout, where it came from, and the random numbers of its row.

    The groups of fields of a row draw from ``rng`` in a fixed order; another order would give other
    rows.
    """

    plan: Plan
    shape: Shape
    origin: Origin
    rng: Random

    @property
    def speed(self) -> float:
        """The average speed in meters per second."""
        return self.shape.distance_m / self.shape.recording_s


def workout_of(plan: Plan) -> Workout:
    """Return the workout of a plan; equal plans have equal workouts."""
    shape = plan.shape
    rng = Random(plan.number * 7919 + shape.leg.seed)
    origins = shape.sport.origins
    origin = origins[int(rng.random() * len(origins))]
    return Workout(plan, shape, origin, rng)
