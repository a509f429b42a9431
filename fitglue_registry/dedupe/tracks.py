"""Compares two tracks: which share of their points and of their routes coincides.

The points of two exports of one recording coincide. If the same route is run again, the new points
lie beside the old ones.
"""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitglue_registry.dedupe.traits import Point

    Cells = Mapping[tuple[int, int], Sequence[Point]]

#: Meters per degree of latitude on a sphere with the mean radius of the Earth, 6,371,008.8 m
#: (IUGG): pi / 180 times the radius.
_METERS_PER_DEGREE = 111_195.0
#: The most points that are added to a gap in a track. It bounds the work for a track with two
#: points a continent apart.
_MAX_FILLED_POINTS = 200


def shared_points(
    first: Sequence[Point],
    second: Sequence[Point],
    within_m: float,
) -> float:
    """Return the share of points of the sparser track that have a point of the other close by.

    The sparser track is counted because services thin the tracks that they export.

    Args:
        first: A track with at least one point.
        second: Another one.
        within_m: The distance in meters that counts as close.
    """
    sparse, dense = sorted((first, second), key=len)
    return _count_near(dense, sparse, within_m) / len(sparse)


def shared_route(
    first: Sequence[Point],
    second: Sequence[Point],
    within_m: float,
) -> float:
    """Return the share of the shorter route that lies close to the line of the other.

    Both tracks are filled up to lines first. The share is computed both ways and the larger one is
    returned, because the shorter route may lie completely on the longer one.

    Args:
        first: A track with at least one point.
        second: Another one.
        within_m: The distance in meters that counts as close.
    """
    first_line = _filled(first, within_m)
    second_line = _filled(second, within_m)
    return max(
        _count_near(second_line, first_line, within_m) / len(first_line),
        _count_near(first_line, second_line, within_m) / len(second_line),
    )


def distance_m(
    first: Point,
    second: Point,
) -> float:
    """Return the meters between two points by the equirectangular approximation.

    It treats the surface as a plane, which is exact enough for some kilometers and cheaper than the
    haversine formula.
    """
    shrink = math.cos(math.radians(first[0]))
    north = (first[0] - second[0]) * _METERS_PER_DEGREE
    east = (first[1] - second[1]) * _METERS_PER_DEGREE * shrink
    return math.hypot(north, east)


def _count_near(
    targets: Sequence[Point],
    points: Sequence[Point],
    within_m: float,
) -> int:
    """Return how many of these points have a target within that distance.

    Targets are sorted into square cells with sides of that distance, so only the nine cells around
    a point are searched.
    """
    # Coordinates are scaled so that one unit is ``within_m``. One factor for all longitudes is
    # enough for tracks of one place; near the poles it must not become zero.
    shrink = max(math.cos(math.radians(points[0][0])), 0.01)
    y_scale = _METERS_PER_DEGREE / within_m
    x_scale = y_scale * shrink
    cells: dict[tuple[int, int], list[Point]] = defaultdict(list)
    for latitude, longitude in targets:
        y = latitude * y_scale
        x = longitude * x_scale
        cells[math.floor(y), math.floor(x)].append((y, x))
    count = 0
    for latitude, longitude in points:
        if _has_target(cells, latitude * y_scale, longitude * x_scale):
            count += 1
    return count


def _has_target(
    cells: Cells,
    y: float,
    x: float,
) -> bool:
    """Return whether a target lies at most one unit away from a point."""
    row = math.floor(y)
    column = math.floor(x)
    # The point's own cell comes first, because it contains the target most often.
    for i in (row, row - 1, row + 1):
        for j in (column, column - 1, column + 1):
            for target_y, target_x in cells.get((i, j), ()):
                if (y - target_y) ** 2 + (x - target_x) ** 2 <= 1.0:
                    return True
    return False


def _filled(
    track: Sequence[Point],
    step_m: float,
) -> list[Point]:
    """Return the track with points added where two are far apart, so that it forms a line."""
    filled = [track[0]]
    for before, after in pairwise(track):
        pieces = min(math.ceil(distance_m(before, after) / step_m), _MAX_FILLED_POINTS)
        north = after[0] - before[0]
        east = after[1] - before[1]
        for k in range(1, pieces):
            filled.append((before[0] + north * k / pieces, before[1] + east * k / pieces))
        filled.append(after)
    return filled


def box_gap_m(
    first: Sequence[Point],
    second: Sequence[Point],
) -> float:
    """Return the meters between the bounding boxes of two tracks, or zero if the boxes touch."""
    south, west, north, east = _box(first)
    other_south, other_west, other_north, other_east = _box(second)
    gap_north = max(south - other_north, other_south - north, 0.0)
    gap_east = max(west - other_east, other_west - east, 0.0)
    corner = (max(south, other_south), 0.0)
    return distance_m(corner, (corner[0] + gap_north, gap_east))


def _box(track: Sequence[Point]) -> tuple[float, float, float, float]:
    """Return the south, west, north and east bounds of a track in degrees."""
    latitudes = [point[0] for point in track]
    longitudes = [point[1] for point in track]
    return min(latitudes), min(longitudes), max(latitudes), max(longitudes)
