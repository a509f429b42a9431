"""Positions that a receiver reported far away from the track."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from fitglue_formats.figures import DEGREE_M
from fitglue_formats.tracks import floats

if TYPE_CHECKING:
    from fitglue_formats.array_types import Flags, Floats, Indexes
    from fitglue_formats.timeline import Timeline
    from fitglue_formats.tracks import Points

#: Faster than sailplanes and rockets on skis, and slower than an error of a receiver.
_FASTEST_MPS = 150.0
#: A shorter jump can be the noise of a receiver in a city or a tunnel.
_JUMP_M = 1000.0
#: "Few" positions are at most this many, and at most this share of all.
_FEW = 30
_FEW_SHARE = 0.05
#: Each part between two jumps is looked at. The limit keeps a hostile file from taking hours.
_MOST_JUMPS = 1000


def drop_jumps(
    points: Points,
    timeline: Timeline,
) -> dict[str, str]:
    """Remove the few positions that are far away from those before and after them.

    A receiver reports the place where it was switched off, or a wrong one, until it has a fix. One
    such position can add thousands of kilometers.

    Args:
        points: The points of the file; their positions are changed.
        timeline: The points that are kept, in the order of time.

    Returns:
        What was removed, as ``completeness.missing`` states it; empty if nothing was.
    """
    latitudes = floats(points.latitudes)
    longitudes = floats(points.longitudes)
    order = timeline.order
    placed = order[~np.isnan(latitudes[order])]
    wrong = jumps(
        floats(points.times)[placed],
        latitudes[placed],
        longitudes[placed],
        timeline.segments[placed],
    )
    latitudes[placed[wrong]] = np.nan
    longitudes[placed[wrong]] = np.nan
    return left_out(len(wrong), len(points))


def left_out(count: int, total: int) -> dict[str, str]:
    """Return that positions were left out, as ``completeness.missing`` states it.

    Args:
        count: The number of positions that were left out; without any, the result is empty.
        total: The number of all.
    """
    if not count:
        return {}
    reason = f"{count:,} of {total:,} are far from the track and were left out"
    return {"use of all positions": reason}


def jumps(
    times: Floats,
    latitudes: Floats,
    longitudes: Floats,
    segments: Indexes,
) -> list[int]:
    """Return the indexes of the few positions that are far away from those around them.

    Args:
        times: Seconds, rising.
        latitudes: Degrees, without gaps.
        longitudes: Degrees, without gaps.
        segments: The number of the segment of each position. A segment can begin anywhere.
    """
    far = _far_steps(
        times,
        latitudes,
        longitudes,
    )
    far[segments[1:] != segments[:-1]] = False
    if not 0 < far.sum() <= _MOST_JUMPS:
        return []
    return _between(far, segments)


def _far_steps(
    times: Floats,
    latitudes: Floats,
    longitudes: Floats,
) -> Flags:
    """Return which steps are longer than anything could have moved in their time."""
    north = np.abs(np.diff(latitudes))
    east = np.abs(np.diff(longitudes))
    # A track can cross the meridian of 180 degrees.
    east = np.minimum(east, 360 - east)
    far: Flags = (north + east) * DEGREE_M > _JUMP_M
    # Nearly every recording has no such step, and a file can have a million points.
    for at in np.flatnonzero(far).tolist():
        shrink = np.cos(np.radians(latitudes[at]))
        degrees = np.hypot(
            north[at],
            east[at] * shrink,
        )
        meters = degrees * DEGREE_M
        seconds = times[at + 1] - times[at]
        far[at] = meters > max(_JUMP_M, _FASTEST_MPS * seconds)
    return far


def _between(
    far: Flags,
    segments: Indexes,
) -> list[int]:
    """Return the positions in short runs between two far steps, or before the first far step of a
    segment or after its last.
    """
    borders = np.flatnonzero(segments[1:] != segments[:-1]) + 1
    cuts = np.flatnonzero(far) + 1
    edges = [0, *borders.tolist(), *cuts.tolist(), len(segments)]
    # Counted once for all: a file can have a hundred thousand segments.
    sizes = np.bincount(segments)
    dropped: list[int] = []
    for first, last in pairwise(sorted(set(edges))):
        count = last - first
        members = int(sizes[segments[first]])
        most = max(1, members * _FEW_SHARE)
        if count <= min(_FEW, most) and count < members:
            dropped += range(first, last)
    # If there are many, it is not a few positions that are wrong: it can be a flight.
    if len(dropped) > max(1, len(segments) * _FEW_SHARE):
        return []
    return dropped
