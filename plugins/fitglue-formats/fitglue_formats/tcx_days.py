"""Divides a TCX activity where the athlete slept, by its samples, as GPX files are divided."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from fitglue_formats.gaps import NIGHT_S, recorded_days
from fitglue_formats.tcx_elements import ActivityElement, LapElement
from fitglue_formats.timeline import arrange
from fitglue_formats.tracks import Points, floats

_DIVIDED = {
    "totals of each lap": "a lap contains a night, so its totals belong to several workouts"
}


def divided(activity: ActivityElement) -> list[ActivityElement]:
    """Return an activity in parts, between whose samples lies a night.

    Args:
        activity: An activity whose samples are not cleaned yet.
    """
    # Nearly every activity is in order and ends on the same day.
    if not (np.abs(np.diff(floats(activity.points.times))) >= NIGHT_S).any():
        return [activity]
    cuts = _cuts(activity)
    if len(cuts) < 3:
        return [activity]
    days = []
    for first, last in pairwise(cuts):
        days.append(
            _day(
                activity,
                first,
                last,
            )
        )
    return days


def _cuts(activity: ActivityElement) -> list[int]:
    """Return the index of the first sample of each day, and that after the last one."""
    count = len(activity.points)
    whole = activity.points.part(0, count)
    whole.clean()
    times = floats(whole.times)
    # A clock that was set is no night.
    order = arrange(
        times,
        whole.segments(),
        whole.values,
    ).order
    days = recorded_days(order, times[order])
    firsts = [0, *(int(day.min()) for day in days[1:])]
    lasts = [int(day.max()) for day in days]
    # The days have to follow each other in the file as well.
    if any(last >= first for last, first in zip(lasts, firsts[1:], strict=False)):
        return []
    return [*firsts, count]


def _day(
    activity: ActivityElement,
    first: int,
    last: int,
) -> ActivityElement:
    """Return the part of an activity between two samples."""
    count = len(activity.points)
    edges = [*activity.points.starts, count]
    points = activity.points.part(first, last)
    points.starts = []
    _count_from_zero(
        activity,
        points,
        first,
    )
    laps = []
    missing: dict[str, str] = {}
    for lap, (start, end) in zip(activity.laps, pairwise(edges), strict=True):
        # A lap without samples belongs to the day of the next sample.
        is_empty = start == end and (first <= start < last or start == last == count)
        if not is_empty and (start >= last or end <= first):
            continue
        if first <= start and end <= last:
            laps.append(lap)
        else:
            begin = lap.start if start >= first else None
            begin = begin or _time_from(activity, max(start, first))
            laps.append(LapElement(begin, intensity=lap.intensity))
            missing = _DIVIDED
        points.starts.append(max(start, first) - first)
    return replace(
        activity,
        id_time=laps[0].start,
        laps=laps,
        points=points,
        missing=missing,
    )


def _count_from_zero(
    activity: ActivityElement,
    points: Points,
    first: int,
) -> None:
    """Let the distance of a day begin anew, if it continues the one of the day before."""
    if "distance" not in points.measured:
        return
    earlier = floats(activity.points.measured["distance"])[:first]
    known = earlier[~np.isnan(earlier)]
    distances = floats(points.measured["distance"])
    own = distances[~np.isnan(distances)]
    if len(known) and len(own) and own.min() >= known[-1]:
        distances -= known[-1]


def _time_from(
    activity: ActivityElement,
    first: int,
) -> datetime:
    """Return the first time among the samples that follow."""
    times = floats(activity.points.times)[first:]
    known = times[~np.isnan(times)]
    return datetime.fromtimestamp(float(known[0]), UTC)
