"""Distances on the surface of the Earth, and whether a way leads into a circle."""

from __future__ import annotations

import math

Point = tuple[float, float]
"""Latitude and longitude in degrees (WGS 84)."""

#: The mean radius of the Earth (IUGG), in meters.
_RADIUS_M = 6_371_008.8
_DEGREE_M = math.radians(_RADIUS_M)


def distance_m(first: Point, second: Point) -> float:
    """Return the meters between two points by the haversine formula, on a sphere."""
    latitude = math.radians(first[0])
    other = math.radians(second[0])
    east = math.radians(second[1] - first[1])
    shrink = math.cos(latitude) * math.cos(other)
    half = math.sin((other - latitude) / 2) ** 2
    half += math.sin(east / 2) ** 2 * shrink
    # Rounding can lift the square over 1 for points on opposite sides of the Earth.
    root = math.sqrt(min(half, 1.0))
    return 2 * _RADIUS_M * math.asin(root)


class Circle:
    """A circle on a plane on which distances from its center are never longer than in truth.

    Latitude and longitude become straight coordinates, so a way that is straight in degrees, as
    between two samples of a track, is straight on the plane. If any of its points lies within the
    true circle, the way also touches the circle on the plane. The reverse does not hold: close to
    the edge, a point can lie within the plane circle only.

    Args:
        center: Center of the circle.
        radius_m: Radius in meters, at most some hundreds of kilometers.
    """

    def __init__(self, center: Point, radius_m: float) -> None:
        self._center = center
        # The small numbers cover what rounding and the curvature take away.
        self._radius_m = radius_m * 1.000_1 + 0.01
        self._height_deg = self._radius_m / _DEGREE_M
        self._shrink = _smallest_shrink(center[0], self._radius_m)

    def contains(self, point: Point) -> bool:
        """Return whether a point is inside."""
        return self.is_touched(point, point)

    def is_touched(self, first: Point, second: Point) -> bool:
        """Return whether the straight way from one point to another leads into the circle."""
        latitude, longitude = self._center
        north = first[0] - latitude
        northward = second[0] - first[0]
        # Most of a track is far away, and quickly compared.
        if max(north, north + northward) < -self._height_deg:
            return False
        if min(north, north + northward) > self._height_deg:
            return False
        east = math.remainder(first[1] - longitude, 360)
        # The way takes the shorter side around the Earth.
        eastward = math.remainder(second[1] - first[1], 360)
        meters = self._nearest_m(
            (east, north),
            (eastward, northward),
        )
        return meters <= self._radius_m

    def _nearest_m(
        self,
        start: tuple[float, float],
        way: tuple[float, float],
    ) -> float:
        """Return how near to the center a way comes, in meters.

        Args:
            start: Degrees east and north of the center at which the way begins.
            way: Degrees east and north that it leads on.
        """
        x, y = self._meters(start)
        along_x, along_y = self._meters(way)
        share = 0.0
        squared = along_x**2 + along_y**2
        if squared > 0:
            # The share of the way at which a perpendicular leads to the center.
            share = -(x * along_x + y * along_y) / squared
            share = min(max(share, 0.0), 1.0)
        x += share * along_x
        y += share * along_y
        return math.hypot(x, y)

    def _meters(self, degrees: tuple[float, float]) -> tuple[float, float]:
        east, north = degrees
        return (
            east * self._shrink * _DEGREE_M,
            north * _DEGREE_M,
        )


def _smallest_shrink(latitude: float, radius_m: float) -> float:
    """Return by how much a degree of longitude is at least shorter than one of latitude.

    It holds for all points of a circle. Around a pole, longitude says nothing, and it is 0.
    """
    farthest = math.radians(abs(latitude)) + radius_m / _RADIUS_M
    if farthest >= math.pi / 2:
        return 0.0
    # The true distance is also a chord, shorter than its angle. What a chord of this length loses
    # is less than what the smallest factor takes away.
    return math.cos(farthest)
