"""The samples of a recording: smooth random walks around the averages of its shape."""

from __future__ import annotations

import itertools
import math
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_intervals.testing.shapes import Shape

Degrees = list[float | None]

#: One degree of latitude, or of longitude at the equator.
_METERS_PER_DEGREE = 111_320
#: A full turn in radians.
_TURN = 6.28


class Samples:
    """The samples of one recording.

    Each channel is a list as long as ``time``, and is computed when it is first read.
    """

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.recorded = shape.recorded()
        self.time = shape.clock(self.recorded)

    def uniform(self, channel: str) -> Callable[[], float]:
        """Return a source of random numbers from 0 to 1 for one channel.

        Each channel has its own source, so that its values do not depend on which channel was
        computed before.
        """
        return Random(self.shape.leg.seed * 131 + sum(channel.encode())).random

    @cached_property
    def levels(self) -> list[float]:
        """The intended effort at each sample, where 1.0 is the average of the workout."""
        levels = []
        efforts = iter(self.shape.efforts)
        effort = next(efforts)
        for second in self.recorded:
            while second >= effort.end_s:
                effort = next(efforts)
            levels.append(effort.level)
        return levels

    @cached_property
    def watts(self) -> list[int]:
        """Watts, exactly 0 while coasting: a zero that a client must not take for a gap."""
        sport = self.shape.sport
        uniform = self.uniform("watts")
        watts = []
        power = 0.0
        coast = 0
        for level in self.levels:
            # Power drops to 0 for 2 to 10 samples and then goes on from where it was.
            if coast:
                coast -= 1
                watts.append(0.0)
                continue
            if uniform() < sport.coasting:
                coast = 2 + int(uniform() * 9)
            power += (level - power) * 0.3 + (uniform() - 0.5) * 0.12
            watts.append(max(power, 0.0))
        factor = self.shape.watts * len(watts) / sum(watts)
        return [round(value * factor) for value in watts]

    @cached_property
    def speeds(self) -> list[float]:
        """The relative speed at each sample, not yet scaled to the distance."""
        uniform = self.uniform("speed")
        speeds = []
        speed = 0.0
        for level in self.levels:
            speed += (0.8 + level * 0.2 - speed) * 0.12 + (uniform() - 0.5) * 0.03
            speeds.append(max(speed, 0.0))
        return speeds

    @cached_property
    def distance(self) -> list[float]:
        """Meters since the start; the last value is the distance of the row."""
        sums = []
        total = 0.0
        before = 0
        for second, speed in zip(self.recorded, self.speeds, strict=True):
            total += speed * (second - before)
            before = second
            sums.append(total)
        factor = self.shape.distance_m / total
        return [round(value * factor, 2) for value in sums]

    @cached_property
    def altitude(self) -> list[float]:
        """Meters above sea level in steps of 20 cm, as barometers record them.

        The sum of all rises is about the climb of the row.
        """
        uniform = self.uniform("altitude")
        heights = []
        height = 0.0
        slope = 0.0
        for speed in self.speeds:
            slope += (uniform() - 0.5) * 0.12 - slope * 0.015
            height += slope * speed
            heights.append(height)
        climbed = sum(max(high - low, 0.0) for low, high in itertools.pairwise(heights))
        gain_m = self.shape.gain_m
        # Heights are counted in fifths of a meter, so that rounding gives the steps of 20 cm.
        factor = 5 * gain_m / climbed
        base = 5 * (180 - min(heights) * gain_m / climbed)
        return [round(value * factor + base) / 5 for value in heights]

    @cached_property
    def track(self) -> tuple[Degrees, Degrees]:
        """Latitudes and longitudes in degrees, null while the receiver has no fix.

        Seen: the start of a recording has no position until the first fix, and dropouts follow.
        """
        uniform = self.uniform("latlng")
        lat = self.shape.place.lat
        lng = self.shape.place.lng
        # Meridians converge toward the poles: a degree of longitude shrinks with the latitude.
        meters_per_lng = math.cos(math.radians(lat)) * _METERS_PER_DEGREE
        heading = uniform() * _TURN
        lost = self.shape.late_fix_s
        before = 0.0
        lats: Degrees = []
        lngs: Degrees = []
        for meters in self.distance:
            heading += (uniform() - 0.49) * 0.12
            lat += math.cos(heading) * (meters - before) / _METERS_PER_DEGREE
            lng += math.sin(heading) * (meters - before) / meters_per_lng
            before = meters
            if lost:
                lost -= 1
            elif uniform() < 0.0004:
                lost = 3 + int(uniform() * 30)
            lats.append(None if lost else round(lat, 6))
            lngs.append(None if lost else round(lng, 6))
        return lats, lngs
