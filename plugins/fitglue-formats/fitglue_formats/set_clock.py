"""Recognition of a clock that was set during the recording.

A receiver sets the clock of a watch with its first fix, and a phone changes its clock when it finds
a network. Either the durations that the file states show it, or the points do: they continue from
the same place, and only their times jump.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_formats.array_types import Floats, Indexes

#: A smaller jump is an ordinary gap between samples.
_JUMP_S = 60.0
#: The time of the timer is evidence only for a jump of a day or more.
_DAY_S = 86_400.0
#: By this much, in seconds or as a share, the samples can cover another time than the duration.
_FITS_S = 10.0
_FITS = 0.02
#: A smaller step back comes from a program that wrote its points in another order.
_SET_BACK_S = 300.0
#: A smaller step forward is a pause, unless it is a whole number of quarters of an hour: the
#: offsets of all zones are.
_SET_FORWARD_S = 6 * 3600.0
_QUARTER_S = 900.0
#: A jump differs from a whole number of quarters by less than this.
_WHOLE_S = 1.0
#: The number of steps before and after a jump that are compared with it, and how many are needed.
_AROUND = 5
_FEWEST = 2
#: The shares of an ordinary step between which the step across a jump is, if it is one itself.
_ORDINARY = (0.5, 1.5)
#: The cosine of the largest angle between the steps before a jump and the one across it.
_SAME_WAY = 0.9
#: How many times longer than usual a step can be, for the points to continue from the same place.
_USUAL = 5.0


# -- by the durations -----------------------------------------------------------------------------


class ClockSet(NamedTuple):
    """The moment at which a device set its clock: the index of the last sample by the old clock,
    and the seconds by which the clock was set forward.
    """

    last_old: int
    forward_s: float


def clock_set(
    times: Sequence[float] | Floats,
    elapsed_s: float | None,
    moving_s: float | None = None,
    *,
    paused: bool = False,
) -> ClockSet | None:
    """Return where a device set its clock, or ``None`` if it did not.

    A GPS receiver corrects the clock of a watch soon after the recording begins. Then the samples
    have one jump, by which they cover more (or less) time than the recording took. A pause is not
    such a jump, because the elapsed time contains it.

    Args:
        times: The times of the samples in the order in which they were written.
        elapsed_s: The stated time with pauses.
        moving_s: The stated time without pauses. It is evidence if the elapsed time was computed
            from the wrong start, for a jump of a day or more.
        paused: Whether the recording was paused at the largest jump.
    """
    values = np.asarray(times, dtype=np.float64)
    if len(values) < 3:
        return None
    steps = np.diff(values)
    interval = float(np.median(steps))
    last_old = int(np.argmax(np.abs(steps - interval)))
    forward_s = float(steps[last_old]) - interval
    if abs(forward_s) <= _JUMP_S:
        return None
    span_s = float(values[-1] - values[0])
    without_s = span_s - forward_s
    if elapsed_s and _explains(elapsed_s, span_s, without_s):
        return ClockSet(last_old, forward_s)
    is_long = abs(forward_s) >= _DAY_S
    if moving_s and is_long and not paused and _explains(moving_s, span_s, without_s):
        return ClockSet(last_old, forward_s)
    return None


def _explains(
    duration_s: float,
    span_s: float,
    without_s: float,
) -> bool:
    """Return whether a duration fits the samples without the jump, and not with it."""
    fits = abs(without_s - duration_s) <= max(_FITS_S, _FITS * duration_s)
    return fits and abs(span_s - duration_s) > _JUMP_S


# -- by the points ---------------------------------------------------------------------------------


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


def set_forward(
    times: Floats,
    order: Indexes,
    latitudes: Floats,
    longitudes: Floats,
) -> int | None:
    """Return where the clock was set forward, if the places of the points show it.

    After a pause, the points continue from the same place, too. But an athlete stops before a
    pause, so only a jump that looks like one more step, as long as those around it and in the same
    direction, is a clock that was set.

    Args:
        times: Seconds of all points, by either clock.
        order: The indexes of the points of one segment, in the order of the file.
        latitudes: Degrees of all points.
        longitudes: Degrees of all points.

    Returns:
        The position in ``order`` of the first point after the clock was set; ``None`` if it was
        not.
    """
    intervals = np.diff(times[order])
    if len(intervals) < 2 * _FEWEST + 1 or (intervals < 0).any():
        return None
    usual = float(np.median(intervals))
    # Only one jump is a clock that was set; several are pauses.
    jumps = np.flatnonzero(intervals - usual >= _QUARTER_S - _WHOLE_S)
    if len(jumps) != 1:
        return None
    at = int(jumps[0])
    jump = float(intervals[at]) - usual
    quarters = round(jump / _QUARTER_S)
    is_whole = abs(jump - quarters * _QUARTER_S) <= _WHOLE_S
    if jump < _SET_FORWARD_S and not is_whole:
        return None
    steps = _steps(
        order,
        latitudes,
        longitudes,
    )
    if _is_ordinary_step(steps, at):
        return at + 1
    return None


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
