"""How much two tracks share: points of one recording coincide, points of one way lie beside it."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitglue_registry.dedupe.traits import Point

    Cells = Mapping[tuple[int, int], Sequence[Point]]

#: Metres in a degree of latitude (WGS 84, mean).
_METRES_A_DEGREE = 111_195.0
#: A gap in a track is filled with so many points at most.
_MOST_FILLED = 200


def shared_points(
    one: Sequence[Point],
    other: Sequence[Point],
    within_m: float,
) -> float:
    """The share of the sparser track's points that lie within that distance of a point of the
    other.
    """
    sparse, dense = sorted((one, other), key=len)
    return _near(dense, sparse, within_m) / len(sparse)


def shared_way(
    one: Sequence[Point],
    other: Sequence[Point],
    within_m: float,
) -> float:
    """The share of the shorter way that lies within that distance of the line of the other.

    Both directions are tried, and the better one counts.
    """
    filled = _filled(one, within_m)
    other_filled = _filled(other, within_m)
    return max(
        _near(other_filled, filled, within_m) / len(filled),
        _near(filled, other_filled, within_m) / len(other_filled),
    )


def apart_m(one: Point, other: Point) -> float:
    """Metres between two points, on a plane: good for some kilometres."""
    narrow = math.cos(math.radians(one[0]))
    north = (one[0] - other[0]) * _METRES_A_DEGREE
    east = (one[1] - other[1]) * _METRES_A_DEGREE * narrow
    return math.hypot(north, east)


def _near(
    targets: Sequence[Point],
    points: Sequence[Point],
    within_m: float,
) -> int:
    """How many of these points have a target within that distance.

    Targets are sorted into square cells of that size, so only the nine cells around a point are
    searched.
    """
    narrow = max(math.cos(math.radians(points[0][0])), 0.01)
    high = _METRES_A_DEGREE / within_m
    wide = high * narrow
    cells: dict[tuple[int, int], list[Point]] = defaultdict(list)
    for latitude, longitude in targets:
        y = latitude * high
        x = longitude * wide
        cells[math.floor(y), math.floor(x)].append((y, x))
    count = 0
    for latitude, longitude in points:
        if _has_target(cells, latitude * high, longitude * wide):
            count += 1
    return count


def _has_target(
    cells: Cells,
    y: float,
    x: float,
) -> bool:
    row = math.floor(y)
    column = math.floor(x)
    # The point's own cell comes first: most often the target is there.
    for i in (row, row - 1, row + 1):
        for j in (column, column - 1, column + 1):
            for v, u in cells.get((i, j), ()):
                if (y - v) ** 2 + (x - u) ** 2 <= 1.0:
                    return True
    return False


def _filled(track: Sequence[Point], step_m: float) -> list[Point]:
    """The track with points added where two are far apart, so that a line can be compared."""
    filled = [track[0]]
    for before, after in pairwise(track):
        pieces = min(math.ceil(apart_m(before, after) / step_m), _MOST_FILLED)
        north = after[0] - before[0]
        east = after[1] - before[1]
        for k in range(1, pieces):
            filled.append((before[0] + north * k / pieces, before[1] + east * k / pieces))
        filled.append(after)
    return filled


def gap_m(one: Sequence[Point], other: Sequence[Point]) -> float:
    """Metres between the boxes around two tracks; zero where the boxes touch."""
    south, west, north, east = _box(one)
    other_south, other_west, other_north, other_east = _box(other)
    high = max(south - other_north, other_south - north, 0.0)
    wide = max(west - other_east, other_west - east, 0.0)
    corner = (max(south, other_south), 0.0)
    return apart_m(corner, (corner[0] + high, wide))


def _box(track: Sequence[Point]) -> tuple[float, float, float, float]:
    """South, west, north, east of a track, in degrees."""
    latitudes = [point[0] for point in track]
    longitudes = [point[1] for point in track]
    return min(latitudes), min(longitudes), max(latitudes), max(longitudes)
