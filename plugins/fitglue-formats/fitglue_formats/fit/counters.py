"""Counters that overflow, and other fields of samples that repeat a better field more coarsely.

FIT profile, message ``record``: the fields ``compressed_speed_distance``, ``cycles`` and
``compressed_accumulated_power`` contain the lowest bits of a sum. Other readers call this
"accumulated components".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fitglue_formats.fit.arrays import filled, gaps, known, without

if TYPE_CHECKING:
    from fitglue_formats.fit.arrays import Numbers, Rows
    from fitglue_formats.fit.numbers import Cells

SPEED_DISTANCE = 8
_SPEED_DISTANCE_SIZE = 3


class Counter(NamedTuple):
    """The field that a counter is part of: its name, its bits in the counter, and its counts per
    unit.
    """

    name: str
    bits: int
    per_unit: float
    unit: str


_DISTANCE = Counter("distance", 12, 16, "m")
#: Number of a field with a counter → the field whose lowest bits it has.
COUNTERS = {
    18: Counter("total_cycles", 8, 1, "cycles"),
    28: Counter("accumulated_power", 16, 1, "watts"),
}


@dataclass(slots=True)
class Counts:
    """What the coarser fields of a file say about its samples.

    Attributes:
        size: The number of samples in the file.
        counts: The raw values of each counter.
        speed: The speed in meters per second, in steps of 1/100.
    """

    size: int
    counts: dict[Counter, Numbers] = field(default_factory=dict)
    speed: Numbers | None = None

    def add(
        self,
        rows: Rows,
        counter: Counter,
        counts: Numbers,
    ) -> None:
        """Store the counts of some samples; those of the same counter in other samples remain."""
        stored = self.counts.setdefault(counter, gaps(self.size))
        stored[rows] = counts

    def add_speed_distance(
        self,
        rows: Rows,
        cells: Cells,
    ) -> None:
        """Store the field ``compressed_speed_distance`` of some samples.

        FIT profile: twelve bits of speed in 1/100 m/s, then the lowest twelve bits of the distance
        in 1/16 m. If all bits are set, the field has no value.
        """
        if cells.shape[1] != _SPEED_DISTANCE_SIZE:
            return
        is_invalid = (cells == 0xFF).all(axis=1)
        low, middle, high = cells.astype(np.int64).T
        speeds = low | (middle & 0x0F) << 8
        counts = middle >> 4 | high << 4
        if self.speed is None:
            self.speed = gaps(self.size)
        self.speed[rows] = without(speeds / 100, is_invalid)
        # Dividing by 1 converts the counts to floats, which can have gaps.
        self.add(rows, _DISTANCE, without(counts / 1, is_invalid))


def completed(
    stated: Numbers,
    counts: Numbers,
    counter: Counter,
) -> Numbers:
    """Return the values that a field states, with its gaps filled from a counter.

    A counter starts anywhere, so it is shifted to agree with the stated values. If no sample has
    both, the shift is unknown and the counter is ignored.

    Args:
        stated: The values of the field in the samples of one chained file.
        counts: The raw values of the counter in the same samples.
        counter: The counter.
    """
    sums = _accumulated(counts, counter.bits)
    totals = sums / counter.per_unit
    if not len(known(stated)):
        return totals
    shifts = known(stated - totals)
    if not len(shifts):
        return stated
    shift = float(np.median(shifts))
    return filled(stated, totals + shift)


def _accumulated(
    counts: Numbers,
    bits: int,
) -> Numbers:
    """Return the sums whose lowest bits are the counts.

    The counter overflows, so the differences are added up. The first sum is the first count.
    """
    totals = gaps(len(counts))
    is_known = ~np.isnan(counts)
    raw = counts[is_known].astype(np.int64)
    mask = (1 << bits) - 1
    # Masking a difference makes it positive again after an overflow.
    steps = np.diff(raw, prepend=0) & mask
    totals[is_known] = np.cumsum(steps)
    return totals
