"""Groups of times between which nothing was recorded."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_formats.array_types import Floats, Indexes

#: The shortest night between two days of a tour, and longer than the pauses within a workout.
NIGHT_S = 6 * 3600.0
#: A recorder that writes a point every hour has no gap when one hour is missing.
_INTERVALS = 20


def nights(times: Floats) -> list[slice]:
    """Return the ranges of sorted times that are separated by a night."""
    return groups(times, NIGHT_S)


def recorded_days(
    order: Indexes,
    times: Floats,
) -> list[Indexes]:
    """Return the samples of each workout, between which lies a night.

    A sample on its own is not a recording, and is left out. If most of the days have only one, the
    tracker writes one per night, and all samples are one workout.

    Args:
        order: The samples in the order of time.
        times: The times of these samples, in the same order.
    """
    days = [order[day] for day in nights(times)]
    recorded = [day for day in days if len(day) > 1]
    if len(recorded) * 2 < len(days):
        return [order]
    return recorded


def groups(
    times: Floats,
    gap_s: float,
) -> list[slice]:
    """Return the ranges of sorted times between which nothing was recorded for a while.

    Args:
        times: Seconds in ascending order.
        gap_s: The shortest time between two groups.
    """
    if len(times) == 0:
        return []
    intervals = np.diff(times)
    typical = float(np.median(intervals)) if len(intervals) else 0.0
    cuts = np.flatnonzero(intervals >= max(gap_s, typical * _INTERVALS)) + 1
    edges = [0, *cuts.tolist(), len(times)]
    return [slice(first, last) for first, last in pairwise(edges)]


def by_segment(
    order: Indexes,
    segments: Indexes,
) -> Iterator[Indexes]:
    """Yield the samples of each segment, in the order of the file."""
    if len(order) == 0:
        return
    cuts = np.flatnonzero(np.diff(segments[order])) + 1
    yield from np.split(order, cuts)
