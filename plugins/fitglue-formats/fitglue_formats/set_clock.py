"""Recognition of a clock that was set back during the recording.

A receiver sets the clock of a watch with its first fix, and a phone changes its clock when it finds
a network. The points continue from the same place, and only their times jump back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from fitglue_formats.array_types import Floats, Indexes

#: A smaller step back comes from a program that wrote its points in another order.
_SET_BACK_S = 300.0
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
    usual = max(float(np.nanmedian(as_written)), 1e-5) if len(as_written) else 0.0
    at = int(back[0])
    if not as_written[at] <= usual * _USUAL:
        return None
    # If the program wrote the second half first, the points fit in the order of their times.
    if not (by_time > usual * _USUAL).sum() > (as_written > usual * _USUAL).sum():
        return None
    return at + 1


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
    latitude = latitudes[order]
    shrink = np.cos(np.radians(latitude[1:]))
    steps: Floats = np.hypot(
        np.diff(latitude),
        np.diff(longitudes[order]) * shrink,
    )
    return steps
