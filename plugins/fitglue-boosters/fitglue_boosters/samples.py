"""The samples of one channel on the time axis of a recording, with its pauses and its gaps.

A recording may have one sample per second, or one whenever something changed ("smart recording").
It may pause, lose seconds, or lack the values of single samples. So each sample has a duration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from fitglue_registry.model import Stream

    Numbers = NDArray[np.float64]

LONGEST_STEP_S = 10.0
"""The longest time for which one sample counts, in seconds.

Devices with smart recording write a sample at least every 10 s or so. A longer step is a pause, or
seconds that were lost, unless all steps of the recording are that long.
"""
#: A step is a pause if it is longer than this many usual steps of the same recording.
_USUAL_STEPS = 3.0


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of one channel, each with the time for which it counts.

    Attributes:
        values: The values, NaN where there is none.
        seconds: How long each sample counts, in seconds; pauses belong to no sample.
        step_s: The usual time between two samples, in seconds.
    """

    values: Numbers
    seconds: Numbers
    step_s: float

    @property
    def is_known(self) -> NDArray[np.bool_]:
        """Which samples have a value; zero is a value."""
        return ~np.isnan(self.values)

    @property
    def known_s(self) -> float:
        """The recorded time with a value, in seconds."""
        return float(self.seconds[self.is_known].sum())

    @property
    def recorded_s(self) -> float:
        """The recorded time, pauses left out, in seconds."""
        return float(self.seconds.sum())

    @property
    def coverage(self) -> float:
        """The share of the recorded time that has a value, from 0 to 1."""
        if not self.recorded_s:
            return 0.0
        return self.known_s / self.recorded_s


def samples_of(streams: Iterable[Stream], name: str) -> Samples | None:
    """Return the samples of a channel.

    Args:
        streams: The streams of an activity.
        name: The channel, such as ``watts``.

    Returns:
        The samples, or ``None`` if the channel or its time axis is missing, or if it has no value.
    """
    columns = {stream.type: stream.values for stream in streams}
    if name not in columns or "time" not in columns:
        return None
    values = np.asarray(columns[name].doubles, dtype=np.float64)
    times = np.asarray(columns["time"].doubles, dtype=np.float64)
    if len(values) != len(times) or np.isnan(values).all():
        return None
    has_time = ~np.isnan(times)
    return _on_axis(times[has_time], values[has_time])


def _on_axis(times: Numbers, values: Numbers) -> Samples | None:
    """Return samples whose durations follow from the steps of their time axis."""
    # A median is not moved by a few long pauses, as a mean is.
    steps = np.diff(times)
    forward = steps[steps > 0]
    if not len(forward):
        return None
    usual = float(np.median(forward))
    longest = max(LONGEST_STEP_S, _USUAL_STEPS * usual)
    # The last sample, and one before a pause, count as long as most others do. A step back in time,
    # which a clock that is set can make, counts as nothing.
    seconds = np.append(np.maximum(steps, 0.0), usual)
    seconds[seconds > longest] = usual
    return Samples(values, seconds, usual)


def without_zeros(samples: Samples) -> Samples:
    """Return samples in which zero means "not measured", as it does for a heart rate."""
    values = samples.values.copy()
    values[values <= 0.0] = np.nan
    return Samples(values, samples.seconds, samples.step_s)
