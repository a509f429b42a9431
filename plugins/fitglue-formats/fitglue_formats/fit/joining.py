"""Joins samples that have the same time and complete each other.

Some apps write the position and the distance of one second as two messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fitglue_formats.fit.arrays import filled

if TYPE_CHECKING:
    from fitglue_formats.fit.arrays import Columns, Numbers, Rows

#: The number of passes; each pass joins pairs.
_PASSES = 3
#: So many samples of one time can become one.
MOST_PARTS = 4


class Joined(NamedTuple):
    """The samples after joining, and for each sample before it the index of the one that it
    became.
    """

    time: Numbers
    columns: Columns
    new_rows: Rows


def join(time: Numbers, columns: Columns) -> Joined:
    """Join samples of the same time if no value is lost by it.

    Args:
        time: The times of the samples, in ascending order.
        columns: The values of each column; the arrays are changed in place.
    """
    new_rows = np.arange(len(time))
    for _ in range(_PASSES):
        second = _completing(time, columns)
        if not len(second):
            break
        first = second - 1
        for values in columns.values():
            values[first] = filled(values[first], values[second])
        is_kept = np.ones(len(time), dtype=bool)
        is_kept[second] = False
        # A sample that is removed gets the index of the one before it, which now has its values.
        position = np.cumsum(is_kept) - 1
        new_rows = position[new_rows]
        time = time[is_kept]
        columns = {name: values[is_kept] for name, values in columns.items()}
    return Joined(time, columns, new_rows)


def _completing(time: Numbers, columns: Columns) -> Rows:
    """Return the indexes of the samples that complete the sample before them.

    Both have the same time, and no column has a value in both.
    """
    if len(time) < 2 or not columns:
        return np.array([], dtype=np.int_)
    completes = time[1:] == time[:-1]
    # Most files have no such samples, and a table of all columns would double the memory.
    if not completes.any():
        return np.array([], dtype=np.int_)
    for values in columns.values():
        has_value = ~np.isnan(values)
        completes &= ~(has_value[:-1] & has_value[1:])
    # Of three samples in a row, the third is left to the next pass: the second is about to
    # disappear.
    completes[1:] &= ~completes[:-1]
    return np.flatnonzero(completes) + 1
