"""The few samples of a FIT file whose times lie far from all others and outside every session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fitglue_formats.fit.values import seconds
from fitglue_formats.strays import few_far

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_formats.fit.arrays import Mask, Numbers
    from fitglue_formats.fit.columns import Table
    from fitglue_formats.fit.messages import Values

#: Devices round, and write their first and last sample some seconds around the session.
_NEAR_S = 60.0


def drop_strays(
    table: Table,
    sessions: Sequence[Values],
    *,
    is_clock_right: bool = False,
) -> None:
    """Remove the time of a few samples that lie far from all others; such a sample counts as
    stray.

    A session that contains them says that they are right: it was paused, or its clock was set.

    Args:
        table: The samples of the file.
        sessions: The messages ``session``.
        is_clock_right: Whether a clock that was set has been corrected; then the sessions are
            evidence against more samples.
    """
    rows = np.flatnonzero(~np.isnan(table.time))
    is_outside = is_clock_right and bool(sessions)
    few = rows[few_far(table.time[rows], is_outside=is_outside)]
    outside = ~_are_inside(table.time[few], sessions)
    table.time[few[outside]] = np.nan


def _are_inside(
    times: Numbers,
    sessions: Sequence[Values],
) -> Mask:
    """Return which times lie between the start and the end of a session."""
    inside = np.zeros(len(times), dtype=np.bool_)
    for session in sessions:
        start = seconds(session, "start_time")
        if start is None:
            continue
        elapsed_s = seconds(session, "total_elapsed_time") or 0.0
        end = max(seconds(session, "timestamp") or start, start + elapsed_s)
        inside |= (times >= start - _NEAR_S) & (times <= end + _NEAR_S)
    return inside
