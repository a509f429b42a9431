"""Recognition of a clock that was set during the recording, by the durations that the file states.

A receiver sets the clock of a watch with its first fix, and a phone changes its clock when it finds
a network. Then the samples cover another time than the stated durations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fitglue_formats.consistency import is_covered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_formats.array_types import Floats

#: A smaller jump is an ordinary gap between samples.
_JUMP_S = 60.0
#: The time of the timer is evidence only for a jump of a day or more.
_DAY_S = 86_400.0


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
    return is_covered(duration_s, without_s) and abs(span_s - duration_s) > _JUMP_S
