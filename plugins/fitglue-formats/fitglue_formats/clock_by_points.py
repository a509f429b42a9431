"""Recognition of a clock that was set during the recording, by the places of the points.

The points continue from the same place, and only their times jump.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from fitglue_formats.array_types import Floats, Indexes

#: A smaller step back comes from a program that wrote its points in another order.
_SET_BACK_S = 300.0
#: The offsets of all zones are whole numbers of quarters of an hour, and so are the jumps of a
#: clock that is set to another zone or date.
_QUARTER_S = 900.0
#: A jump differs from a whole number of quarters by less than this.
_WHOLE_S = 1.0
#: A shorter jump is an ordinary stop, and a longer one is in doubt.
_LONG_STOP_S = 6 * 3600.0
#: No athlete stops for a longer time and then continues the recording.
_LONGEST_STOP_S = 7 * 86_400.0
#: A recorder that writes by time has at least this share of intervals that differ from the usual
#: one by at most this share. One that writes a point every 10 m has other intervals.
_REGULAR_SHARE = 0.9
_REGULAR = 0.1
#: A clock that is set runs on: less than this share of points by the new clock are mistakes.
_RUNS_ON_SHARE = 0.05
#: The number of steps before and after a jump that are compared with it, and how many are needed.
_AROUND = 5
_FEWEST = 2
#: The shares of an ordinary step between which the step across a jump is, if it is one itself.
_ORDINARY = (0.5, 1.5)
#: The cosine of the largest angle between the steps before a jump and the one across it.
_SAME_WAY = 0.9
#: How many times longer than usual a step can be, for the points to continue from the same place.
_USUAL = 5.0


def set_back(
    times: Floats,
    order: Indexes,
    latitudes: Floats,
    longitudes: Floats,
) -> int | None:
    """Return where the clock was set back, if the places of the points show it.

    Args:
        times: Seconds since 1970 (UTC) of all points.
        order: The indexes of the points of one segment, in the order of the file.
        latitudes: Degrees of all points.
        longitudes: Degrees of all points.

    Returns:
        The position in ``order`` of the first point after the clock was set; ``None`` if it was
        not, or if the points fit better in the order of their times.
    """
    intervals = np.diff(times[order])
    back = np.flatnonzero(intervals < 0)
    # One step back is a clock that was set; several are disorder.
    if len(back) != 1 or intervals[back[0]] > -_SET_BACK_S:
        return None
    as_written = _degrees(
        order,
        latitudes,
        longitudes,
    )
    by_time = _degrees(
        order[np.argsort(times[order], kind="stable")],
        latitudes,
        longitudes,
    )
    placed = as_written[~np.isnan(as_written)]
    if not len(placed):
        return None
    usual = max(float(np.median(placed)), 1e-5)
    at = int(back[0])
    if not as_written[at] <= usual * _USUAL:
        return None
    # If the program wrote the second half first, the points fit in the order of their times.
    if not (by_time > usual * _USUAL).sum() > (as_written > usual * _USUAL).sum():
        return None
    return at + 1


class Forward(NamedTuple):
    """A jump of the clock between two points of an unbroken motion.

    Attributes:
        first: The position of the first point after the jump.
        seconds: The length of the jump.
        is_certain: Whether it cannot be a stop of the athlete, or a mistake in the last points.
    """

    first: int
    seconds: float
    is_certain: bool


def set_forward(
    times: Floats,
    order: Indexes,
    latitudes: Floats,
    longitudes: Floats,
) -> Forward | None:
    """Return where the clock was set forward, if the places of the points show it.

    After a pause, the points continue from the same place, too. But an athlete stops before a
    pause, so only a jump that looks like one more step, as long as those around it and in the same
    direction, is a clock that was set. Where a point is written every few meters, all steps look
    like that, so this needs a recorder that writes at regular times.

    Args:
        times: Seconds of all points, by either clock.
        order: The indexes of the points of one segment, in the order of the file.
        latitudes: Degrees of all points.
        longitudes: Degrees of all points.

    Returns:
        The jump; ``None`` if there is none, or if it is that of a pause.
    """
    intervals = np.diff(times[order])
    if len(intervals) < 2 * _FEWEST + 1 or (intervals < 0).any():
        return None
    usual = float(np.median(intervals))
    # Only one jump is a clock that was set; several are pauses.
    jumps = np.flatnonzero(intervals - usual >= _QUARTER_S - _WHOLE_S)
    if len(jumps) != 1 or not _is_regular(intervals, usual):
        return None
    at = int(jumps[0])
    steps = _steps(
        order,
        latitudes,
        longitudes,
    )
    if not _is_ordinary_step(steps, at):
        return None
    jump = float(intervals[at]) - usual
    quarters = round(jump / _QUARTER_S)
    is_whole = abs(jump - quarters * _QUARTER_S) <= _WHOLE_S
    if not is_whole and jump < _LONG_STOP_S:
        return None
    runs_on = len(order) - at - 1 >= _RUNS_ON_SHARE * len(order)
    is_no_stop = is_whole or jump > _LONGEST_STOP_S
    return Forward(
        at + 1,
        jump,
        runs_on and is_no_stop,
    )


def _is_regular(intervals: Floats, usual: float) -> bool:
    """Return whether nearly all intervals between points are equal."""
    equal = np.abs(intervals - usual) <= _REGULAR * usual
    return bool(equal.mean() >= _REGULAR_SHARE)


def _is_ordinary_step(steps: Floats, at: int) -> bool:
    """Return whether one step continues those around it."""
    before = steps[max(at - _AROUND, 0) : at]
    after = steps[at + 1 : at + 1 + _AROUND]
    if min(len(before), len(after)) < _FEWEST:
        return False
    lengths = np.hypot(*np.concatenate((before, after)).T)
    across = float(np.hypot(*steps[at]))
    shortest, longest = _ORDINARY
    typical = float(np.median(lengths))
    if not (lengths > 0).all():
        return False
    if not shortest * typical <= across <= longest * typical:
        return False
    way = before.sum(axis=0)
    length = float(np.hypot(*way)) * across
    return float(way @ steps[at]) >= _SAME_WAY * length


def shift_s(
    times: Floats,
    order: Indexes,
    first: int,
) -> float:
    """Return the seconds to add to the times before the clock was set, so that they end one usual
    interval before it.
    """
    usual = float(np.median(np.abs(np.diff(times[order]))))
    return float(times[order[first]] - usual - times[order[first - 1]])


def _degrees(
    order: Indexes,
    latitudes: Floats,
    longitudes: Floats,
) -> Floats:
    """Return the length of each step between points, in degrees of latitude; NaN if unknown."""
    lengths: Floats = np.hypot(*_steps(order, latitudes, longitudes).T)
    return lengths


def _steps(
    order: Indexes,
    latitudes: Floats,
    longitudes: Floats,
) -> Floats:
    """Return the steps between points to the north and to the east, in degrees of latitude."""
    latitude = latitudes[order]
    shrink = np.cos(np.radians(latitude[1:]))
    east = np.diff(longitudes[order]) * shrink
    return np.column_stack((np.diff(latitude), east))
