"""How much two tracks share: points of one recording lie on each other, points of one way lie
beside each other.
"""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.dedupe.traits import Point

#: Metres in a degree of latitude (WGS 84, mean).
_METRES_A_DEGREE = 111_195.0


def shared(one: Sequence[Point], two: Sequence[Point], within_m: float) -> float:
    """The share of the sparser track's points that lie within so many metres of a *point* of the
    other.
    """
    sparse, dense = sorted((one, two), key=len)
    return _near(dense, sparse, within_m) / len(sparse)


def along(one: Sequence[Point], two: Sequence[Point], within_m: float) -> float:
    """The share of the shorter way that lies within so many metres of the *line* of the other, the
    better of both directions.
    """
    filled_one, filled_two = _filled(one, within_m), _filled(two, within_m)
    return max(
        _near(filled_two, filled_one, within_m) / len(filled_one),
        _near(filled_one, filled_two, within_m) / len(filled_two),
    )


def apart_m(one: Point, two: Point) -> float:
    """Metres between two points, on a plane: good for some kilometres."""
    narrow = math.cos(math.radians(one[0]))
    return math.hypot(
        (one[0] - two[0]) * _METRES_A_DEGREE, (one[1] - two[1]) * _METRES_A_DEGREE * narrow
    )


def _near(targets: Sequence[Point], points: Sequence[Point], within_m: float) -> int:
    """How many of these points have a target within so many metres; targets lie in cells of that
    size.
    """
    narrow = max(math.cos(math.radians(points[0][0])), 0.01)
    high, wide = _METRES_A_DEGREE / within_m, _METRES_A_DEGREE * narrow / within_m
    cells: dict[tuple[int, int], list[Point]] = defaultdict(list)
    for latitude, longitude in targets:
        y, x = latitude * high, longitude * wide
        cells[math.floor(y), math.floor(x)].append((y, x))
    found = 0
    for latitude, longitude in points:
        y, x = latitude * high, longitude * wide
        row, column = math.floor(y), math.floor(x)
        found += any(
            (y - v) ** 2 + (x - u) ** 2 <= 1.0
            for i in (row, row - 1, row + 1)
            for j in (column, column - 1, column + 1)
            for v, u in cells.get((i, j), ())
        )
    return found


def _filled(track: Sequence[Point], step_m: float) -> list[Point]:
    """The track with points between those that lie far apart, so that a line can be looked for by
    points.
    """
    filled = [track[0]]
    for before, after in pairwise(track):
        pieces = min(math.ceil(apart_m(before, after) / step_m), 200)
        filled.extend(
            (
                before[0] + (after[0] - before[0]) * k / pieces,
                before[1] + (after[1] - before[1]) * k / pieces,
            )
            for k in range(1, pieces)
        )
        filled.append(after)
    return filled


def gap_m(one: Sequence[Point], two: Sequence[Point]) -> float:
    """Metres between the boxes that two tracks lie in; zero where these touch."""
    (south, west, north, east), (down, left, up, right) = _box(one), _box(two)
    high, wide = max(south - up, down - north, 0.0), max(west - right, left - east, 0.0)
    corner = (max(south, down), 0.0)
    return apart_m(corner, (corner[0] + high, wide))


def _box(track: Sequence[Point]) -> tuple[float, float, float, float]:
    """South, west, north, east of a track, in degrees."""
    latitudes, longitudes = [point[0] for point in track], [point[1] for point in track]
    return min(latitudes), min(longitudes), max(latitudes), max(longitudes)
