"""What follows from the points of a track: distance, time in motion, highest speed and climb.

The rules are those of gpxpy 1.6, which many programs share (``GPXTrackSegment.get_moving_data``,
``geo.distance``, ``geo.calculate_max_speed``, ``geo.calculate_uphill_downhill``), on arrays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from fitglue_registry.model import speed_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import NDArray

    from fitglue_formats.array_types import Flags, Floats, Indexes

#: The radius of the earth at the equator (WGS 84), in meters.
_RADIUS_M = 6_378_137.0
#: The length of a degree of latitude on a sphere of that radius, in meters.
DEGREE_M = _RADIUS_M * math.pi / 180
#: Up to this distance in degrees, the earth is flat enough for Pythagoras.
_FLAT_DEG = 0.2
#: Less than 1 km/h counts as stopped.
_STOPPED_MPS = 1 / 3.6
#: Jumps of the position look like high speeds, so the steps that are longer than usual by this
#: many standard deviations, and the fastest 5 % of the others, do not count as the highest speed.
_UNUSUAL = 1.5
_FASTEST = 0.95
#: Shares of the point before, the point itself and the point after it, in a smoothed altitude.
_SMOOTHING = (0.3, 0.4, 0.3)


@dataclass(frozen=True, slots=True)
class Track:
    """Points in the order of time; a gap is NaN, and no distance is added between segments."""

    times: Floats
    latitudes: Floats
    longitudes: Floats
    altitudes: Floats
    segments: Indexes


@dataclass(frozen=True, slots=True)
class _Steps:
    """The steps from each point to the next one; a step into another segment has no length."""

    meters: Floats
    climbs: Floats
    seconds: Floats
    segments: Indexes


def _steps(track: Track) -> _Steps:
    apart = track.segments[1:] != track.segments[:-1]
    meters = meters_between(track.latitudes, track.longitudes)
    seconds = np.diff(track.times)
    meters[apart] = seconds[apart] = 0
    return _Steps(
        meters,
        np.diff(track.altitudes),
        seconds,
        track.segments[1:],
    )


def meters_between(
    latitudes: Floats,
    longitudes: Floats,
) -> Floats:
    """Return the distance from each point to the next one along the ground."""
    north = np.diff(latitudes)
    east = np.diff(longitudes)
    far = np.flatnonzero((np.abs(north) > _FLAT_DEG) | (np.abs(east) > _FLAT_DEG))
    circle = _haversine(
        latitudes,
        north,
        east,
        far,
    )
    # A file can have a million points, so no more arrays than necessary are kept.
    shrink = np.radians(latitudes[1:])
    np.cos(shrink, out=shrink)
    east *= shrink
    meters: Floats = np.hypot(
        north,
        east,
        out=shrink,
    )
    meters *= DEGREE_M
    meters[far] = circle
    return meters


def _haversine(
    latitudes: Floats, north: Floats, east: Floats, far: NDArray[np.integer[Any]]
) -> Floats:
    """Return the distances between distant points on a sphere, by the haversine formula."""
    shrink = np.cos(np.radians(latitudes[far])) * np.cos(np.radians(latitudes[far + 1]))
    half = np.sin(np.radians(north[far]) / 2) ** 2
    half += np.sin(np.radians(east[far]) / 2) ** 2 * shrink
    meters: Floats = 2 * _RADIUS_M * np.arcsin(np.sqrt(np.minimum(half, 1)))
    return meters


def _placed(track: Track) -> tuple[Track, Flags]:
    """Return the points that have a position, and which points these are."""
    placed = ~np.isnan(track.latitudes)
    if placed.all():
        return track, placed
    part = Track(
        track.times[placed],
        track.latitudes[placed],
        track.longitudes[placed],
        track.altitudes[placed],
        track.segments[placed],
    )
    return part, placed


def speed_in(fields: Mapping[str, Any]) -> float | None:
    """Return the average speed for the distance and the time among fields of the model."""
    seconds = fields.get("moving_s") or fields.get("elapsed_s")
    return speed_of(fields.get("distance_m"), seconds)


@dataclass(frozen=True, slots=True)
class Movement:
    """What follows from the positions of a track.

    Attributes:
        distances: The distance along the track at each point, in meters; all NaN without positions.
        fields: The distance, the time in motion and the highest speed, as fields of the model.
    """

    distances: Floats
    fields: dict[str, float]


def movement(track: Track) -> Movement:
    """Return what follows from the positions of a track."""
    placed_track, placed = _placed(track)
    meters = np.zeros(len(track.times))
    if not len(placed_track.times):
        meters[:] = math.nan
        return Movement(meters, {})
    steps = _steps(placed_track)
    meters[np.flatnonzero(placed)[1:]] = steps.meters
    np.cumsum(meters, out=meters)
    fields = {"distance_m": float(meters[-1])} | _motion(steps)
    return Movement(meters, fields)


def _motion(steps: _Steps) -> dict[str, float]:
    """Return the time in motion and the highest speed; empty without two positions in a row."""
    timed = steps.seconds > 0
    if not timed.any():
        return {}
    meters = np.hypot(steps.meters, np.nan_to_num(steps.climbs))
    speeds = np.divide(
        meters,
        steps.seconds,
        out=np.zeros(len(meters)),
        where=timed,
    )
    moves = timed & (speeds > _STOPPED_MPS)
    fields = {"moving_s": float(np.round(steps.seconds[moves].sum(), 6))}
    highest = _highest(
        meters,
        speeds,
        timed,
        moves,
        steps.segments,
    )
    if highest:
        fields["max_speed_mps"] = highest
    return fields


def _highest(
    meters: Floats,
    speeds: Floats,
    timed: Flags,
    moves: Flags,
    segments: Indexes,
) -> float:
    """Return the highest speed of all segments, in meters per second; 0 if there are too few
    points.
    """
    highest = 0.0
    edges = [0, *(np.flatnonzero(np.diff(segments)) + 1).tolist(), len(segments)]
    for first, last in pairwise(edges):
        part = slice(first, last)
        started = np.maximum.accumulate(moves[part])  # what lies before the start does not count
        counted = timed[part] & started
        if counted.sum() >= 2:
            highest = max(
                highest,
                _usual_top(meters[part][counted], speeds[part][counted]),
            )
    return highest


def _usual_top(
    meters: Floats,
    speeds: Floats,
) -> float:
    """Return the highest speed of a segment without its unusual steps."""
    usual = np.abs(meters - meters.mean()) <= meters.std() * _UNUSUAL
    rising = np.sort(speeds[usual])
    if not len(rising):
        return 0.0
    return float(rising[min(int(len(rising) * _FASTEST), len(rising) - 1)])


def climb(track: Track) -> dict[str, float]:
    """Return ascent and descent for a track with altitudes."""
    known = ~np.isnan(track.altitudes)
    altitudes = track.altitudes[known]
    if not len(altitudes):
        return {}
    segments = track.segments[known]
    same = segments[1:] == segments[:-1]
    inside = np.flatnonzero(same[1:] & same[:-1]) + 1
    smooth = altitudes.copy()
    before, itself, behind = _SMOOTHING
    smooth[inside] = (
        altitudes[inside - 1] * before + altitudes[inside] * itself + altitudes[inside + 1] * behind
    )
    rises = np.diff(smooth)[same]
    return {
        "elevation_gain_m": float(rises[rises > 0].sum()),
        "elevation_loss_m": float(-rises[rises < 0].sum()) + 0.0,
    }
