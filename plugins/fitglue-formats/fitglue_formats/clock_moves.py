"""Correction of the times from before a clock was set: a clock that was set is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fitglue_formats.clock_by_points import set_back, set_forward, shift_s
from fitglue_formats.gaps import by_segment
from fitglue_formats.spans import moved_in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_formats.array_types import Floats, Indexes

#: A shorter pause cannot be a clock that was set forward.
_PAUSE_S = 890.0


class Shift(NamedTuple):
    """How the times before a clock was set were moved.

    Attributes:
        first: The first time by the old clock, in seconds since 1970.
        last: The last time by the old clock.
        set_at: The first time by the new clock.
        seconds: What was added to the times by the old clock.
        note: The correction in words.
    """

    first: float
    last: float
    set_at: float
    seconds: float
    note: str


class Moves(NamedTuple):
    """What was done with the times before a clock was set, and what may be such a jump."""

    shift: Shift | None = None
    doubt: str | None = None


def move_before_step_back(
    order: Indexes,
    segments: Indexes,
    times: Floats,
    values: list[Floats],
) -> Shift | None:
    """Move the times from before the clock was set back, and return how.

    Args:
        order: The indexes of the samples in the order of the file.
        segments: The number of the segment of each sample of the file.
        times: The times of all samples in seconds; changed if the clock was set.
        values: Latitudes and longitudes of all samples, in degrees, and other values.
    """
    shift = None
    if len(values) < 2:
        return None
    for members in by_segment(order, segments):
        first = set_back(
            times,
            members,
            *values[:2],
        )
        if first is not None:
            shift = _moved(
                times,
                members,
                first,
                "back",
            )
    return shift


def move_before_jump(
    segments: Indexes,
    times: Floats,
    values: Callable[[], list[Floats]],
) -> Moves:
    """Move the times from before the clock was set forward, also if they are impossible.

    Args:
        segments: The number of the segment of each sample of the file.
        times: The times of all samples in seconds; changed if the clock was set.
        values: Returns latitudes and longitudes of all samples, in degrees, and other values.
    """
    known = np.flatnonzero(~np.isnan(times)).astype(np.int32)
    moves = Moves()
    # Few recordings have a pause of a quarter of an hour.
    if not (np.diff(times[known]) >= _PAUSE_S).any():
        return moves
    columns = values()
    if len(columns) < 2:
        return moves
    for members in by_segment(known, segments):
        forward = set_forward(
            times,
            members,
            *columns[:2],
        )
        if forward is None:
            continue
        if not forward.is_certain:
            doubt = (
                f"the times jump by {forward.seconds:,.0f} s while the points move on, so the "
                "clock may have been set"
            )
            moves = moves._replace(doubt=doubt)
            continue
        shift = _moved(
            times,
            members,
            forward.first,
            "forward",
        )
        moves = moves._replace(shift=shift)
    return moves


def _moved(
    times: Floats,
    members: Indexes,
    first: int,
    direction: str,
) -> Shift:
    """Move the times of a segment before a point, and return how."""
    seconds = shift_s(
        times,
        members,
        first,
    )
    old = times[members[:first]].copy()
    times[members[:first]] += seconds
    note = (
        f"the clock was set {direction} while it recorded, so the first {first:,} points were "
        f"moved {moved_in_words(seconds)}"
    )
    return Shift(
        float(old.min()),
        float(old.max()),
        float(times[members[first]]),
        seconds,
        note,
    )
