"""Distances on the surface of the Earth, and whether a way leads into a circle."""

from __future__ import annotations

import math

Point = tuple[float, float]
"""Latitude and longitude in degrees (WGS 84)."""

#: The mean radius of the Earth (IUGG), in meters.
_RADIUS_M = 6_371_008.8


def distance_m(first: Point, second: Point) -> float:
    """Return the meters between two points by the haversine formula, on a sphere."""
    north = math.radians(second[0] - first[0])
    east = math.radians(second[1] - first[1])
    shrink = math.cos(math.radians(first[0])) * math.cos(math.radians(second[0]))
    half = math.sin(north / 2) ** 2 + shrink * math.sin(east / 2) ** 2
    # Rounding can lift the square over 1 for points on opposite sides of the Earth.
    return 2 * _RADIUS_M * math.asin(math.sqrt(min(half, 1.0)))
