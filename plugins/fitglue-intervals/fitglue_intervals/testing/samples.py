"""A recording sample by sample: smooth walks around the figures of its shape."""

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

_METRES_OF_A_DEGREE = 111_320
_TURN = 6.28


class Samples:
    """The samples of one recording; a channel is computed when it is asked for, and is a list as
    long as ``time``.
    """

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.recorded = shape.recorded()
        self.time = shape.clock(self.recorded)

    def chance(self, channel: str) -> Callable[[], float]:
        """Random numbers of the channel's own, so that a channel does not depend on which one was
        asked for first.
        """
        return Random(self.shape.leg.seed * 131 + sum(channel.encode())).random

    @cached_property
    def levels(self) -> list[float]:
        """The wanted effort at each sample."""
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
        """Power, exactly 0 while coasting."""
        sport = self.shape.sport
        chance = self.chance("watts")
        watts = []
        power = 0.0
        coast = 0
        for level in self.levels:
            if coast:
                coast -= 1
                watts.append(0.0)
                continue
            if chance() < sport.coasting:
                coast = 2 + int(chance() * 9)
            power += (level - power) * 0.3 + (chance() - 0.5) * 0.12
            watts.append(max(power, 0.0))
        factor = self.shape.watts * len(watts) / sum(watts)
        return [round(value * factor) for value in watts]

    @cached_property
    def speeds(self) -> list[float]:
        """Relative speed at each sample, before it is fitted to the distance."""
        chance = self.chance("speed")
        speeds = []
        speed = 0.0
        for level in self.levels:
            speed += (0.8 + level * 0.2 - speed) * 0.12 + (chance() - 0.5) * 0.03
            speeds.append(max(speed, 0.0))
        return speeds

    @cached_property
    def distance(self) -> list[float]:
        """Metres so far; the last value is the shape's distance."""
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
        """Metres above the sea in steps of 20 cm, climbing about as much as the shape says."""
        chance = self.chance("altitude")
        heights = []
        height = 0.0
        slope = 0.0
        for speed in self.speeds:
            slope += (chance() - 0.5) * 0.12 - slope * 0.015
            height += slope * speed
            heights.append(height)
        climbed = sum(max(high - low, 0.0) for low, high in itertools.pairwise(heights))
        gain_m = self.shape.gain_m
        factor = 5 * gain_m / climbed
        base = 5 * (180 - min(heights) * gain_m / climbed)
        return [round(value * factor + base) / 5 for value in heights]

    @cached_property
    def track(self) -> tuple[Degrees, Degrees]:
        """Latitudes and longitudes: a wandering heading, no fix at first, a dropout now and
        then.
        """
        chance = self.chance("latlng")
        lat = self.shape.place.lat
        lng = self.shape.place.lng
        narrow = math.cos(math.radians(lat)) * _METRES_OF_A_DEGREE
        heading = chance() * _TURN
        lost = self.shape.late_fix_s
        before = 0.0
        lats: Degrees = []
        lngs: Degrees = []
        for metres in self.distance:
            heading += (chance() - 0.49) * 0.12
            lat += math.cos(heading) * (metres - before) / _METRES_OF_A_DEGREE
            lng += math.sin(heading) * (metres - before) / narrow
            before = metres
            if lost:
                lost -= 1
            elif chance() < 0.0004:
                lost = 3 + int(chance() * 30)
            lats.append(None if lost else round(lat, 6))
            lngs.append(None if lost else round(lng, 6))
        return lats, lngs
