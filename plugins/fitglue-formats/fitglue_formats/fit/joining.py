"""Joins samples of one moment that complete each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fitglue_formats.fit.arrays import filled

if TYPE_CHECKING:
    from fitglue_formats.fit.arrays import Columns, Numbers, Rows

#: Samples of one moment are joined, three of them at most.
_JOINS = 3


class Joined(NamedTuple):
    """Samples of which none completes another, and which of them each one of before became."""

    time: Numbers
    columns: Columns
    became: Rows


def join(time: Numbers, columns: Columns) -> Joined:
    """Samples of one moment become one where no value would be lost: some apps write position and
    distance apart.
    """
    became = np.arange(len(time))
    for _ in range(_JOINS):
        second = _completing(time, columns)
        if not len(second):
            break
        first = second - 1
        for values in columns.values():
            values[first] = filled(values[first], values[second])
        stays = np.ones(len(time), dtype=bool)
        stays[second] = False
        position = np.cumsum(stays) - 1
        became = position[became]
        time = time[stays]
        columns = {name: values[stays] for name, values in columns.items()}
    return Joined(time, columns, became)


def _completing(time: Numbers, columns: Columns) -> Rows:
    """The samples that complete the one before them: both are of one moment, and no column has a
    value in both.
    """
    if len(time) < 2 or not columns:
        return np.array([], dtype=np.int_)
    values = np.column_stack(list(columns.values()))
    there = ~np.isnan(values)
    first = there[:-1]
    second = there[1:]
    in_both = (first & second).any(axis=1)
    same_moment = time[1:] == time[:-1]
    completes = same_moment & ~in_both
    # Of three in a row, the last one waits for the next time.
    completes[1:] &= ~completes[:-1]
    return np.flatnonzero(completes) + 1
