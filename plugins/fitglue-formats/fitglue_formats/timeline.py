"""The samples of a recording in the order of time, for every format.

Samples are sorted, times that cannot be right count as no time, and the few samples that lie far
from all others are dropped. Neither the first nor the latest sample is trusted more than others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from fitglue_formats.clock_moves import Shift, move_before_jump, move_before_step_back
from fitglue_formats.repeats import without_repeats
from fitglue_formats.strays import HOUR_S, displaced, far_by_a_night, few_far

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fitglue_formats.array_types import Flags, Floats, Indexes

#: A clock that was never set starts counting in 1901, 1904, 1970, 1980 or 1989. The limit is that
#: of the FIT profile (type ``date_time``, values below 0x10000000).
EARLIEST_S = datetime(1998, 7, 3, tzinfo=UTC).timestamp()
LATEST_S = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
#: Reasons for dropping samples that readers look at.
UNSET = "the time of a clock that was not set"
REPEATED = "repetitions of others"
_FAR = "a time far from all others"
_DISPLACED = "a time that contradicts their place in the file"


@dataclass(slots=True)
class Timeline:
    """The samples that have a usable time.

    Attributes:
        order: The indexes of the samples that are kept, in the order of time.
        segments: The segment of each sample of the file. If a segment repeats samples of an earlier
            one, its new samples continue the earlier one.
        dropped: Why samples were dropped → their number.
        shift: What was done with the times before the clock was set, if it was.
        doubt: Why the clock may have been set, if that is not certain.
        unsorted: How many samples were not in the order of time in the file.
    """

    order: Indexes
    segments: Indexes
    dropped: dict[str, int] = field(default_factory=dict)
    shift: Shift | None = None
    doubt: str | None = None
    unsorted: int = 0

    @property
    def moved(self) -> str | None:
        """What was done with the times before the clock was set, in words."""
        return self.shift.note if self.shift else None

    def summary(self, count: int) -> dict[str, str]:
        """Return what was dropped as ``completeness.missing`` states it.

        Args:
            count: The number of points in the file.
        """
        summary = {}
        reasons = [f"{number:,} of {count:,} ({why})" for why, number in self.dropped.items()]
        if reasons:
            summary["use of all points"] = f"dropped {', '.join(reasons)}"
        if self.unsorted:
            summary["order of all points"] = (
                f"{self.unsorted:,} of {count:,} points were not in the order of time, so all "
                "were sorted"
            )
        if self.moved or self.doubt:
            summary["steady clock"] = self.moved or self.doubt or ""
        return summary

    def drop(
        self,
        reason: str,
        count: int,
    ) -> None:
        """Count samples that were dropped."""
        if count:
            self.dropped[reason] = self.dropped.get(reason, 0) + int(count)

    def remove(
        self,
        wrong: Sequence[Any],
        reason: str,
    ) -> None:
        """Remove groups of samples, and count them."""
        if wrong:
            indexes = np.concatenate(wrong)
            self.order = self.order[~np.isin(self.order, indexes)]
            self.drop(reason, len(indexes))


def usable(times: Floats) -> Flags:
    """Return which times can be those of a recording.

    Args:
        times: Seconds since 1970 (UTC); NaN for a sample without a time.
    """
    with np.errstate(invalid="ignore"):
        flags: Flags = (times >= EARLIEST_S) & (times <= LATEST_S)
    return flags


def arrange(
    times: Floats,
    segments: Indexes,
    values: Callable[[], list[Floats]] = list,
) -> Timeline:
    """Return the samples in the order of time, without those whose time cannot be right.

    Args:
        times: Seconds since 1970 (UTC) in the order of the file; NaN for a sample without a time.
            The array is changed if the clock was set during the recording.
        segments: The number of the segment of each sample, rising in the order of the file. The
            array is changed.
        values: Returns latitudes, longitudes and other values; called only if the samples are out
            of order. A sample whose time and values equal those of an earlier one repeats it.

    Returns:
        The order of the samples that are kept. Equal times keep the order of the file.
    """
    moves = move_before_jump(
        segments,
        times,
        values,
    )
    timeline = Timeline(
        np.flatnonzero(usable(times)).astype(np.int32),
        segments,
        shift=moves.shift,
        doubt=moves.doubt,
    )
    timeline.drop("no time", np.isnan(times).sum())
    impossible = len(times) - np.isnan(times).sum() - len(timeline.order)
    timeline.drop(UNSET, impossible)
    steps = np.diff(times[timeline.order])
    # Nearly every recording is in order, and then nothing has to be looked for.
    if (steps < 0).any() or (steps >= HOUR_S).any():
        _put_in_order(timeline, times, values())
    return timeline


def _put_in_order(
    timeline: Timeline,
    times: Floats,
    values: list[Floats],
) -> None:
    """Sort the samples, without those whose times are wrong and those that repeat others."""
    segments = timeline.segments
    few = few_far(times[timeline.order])
    if len(few):
        timeline.remove([timeline.order[few]], _FAR)
        timeline.doubt = None
    timeline.remove(far_by_a_night(timeline.order, segments, times), _FAR)
    timeline.remove(displaced(timeline.order, segments, times), _DISPLACED)
    shift = move_before_step_back(
        timeline.order,
        segments,
        times,
        values,
    )
    timeline.shift = shift or timeline.shift
    count = len(timeline.order)
    timeline.order = without_repeats(
        timeline.order,
        segments,
        times,
        values,
    )
    timeline.drop(REPEATED, count - len(timeline.order))
    timeline.unsorted = int((np.diff(timeline.order) < 0).sum())
