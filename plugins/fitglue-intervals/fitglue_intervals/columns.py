"""Conversion of the samples of a channel to a column of doubles.

A recording has tens of thousands of samples, so each common case is converted by NumPy as a unit,
and only unusual samples are looked at one at a time.
"""

from __future__ import annotations

import math
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from fitglue_intervals.reading import is_not_a_number
from fitglue_registry.model import Column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fitglue_intervals.channels import Samples

#: ``bool`` is not among the types, although it is a number: `_number` converts it.
_NUMBERS = frozenset({int, float})
_PLAIN = _NUMBERS | {type(None)}
_GAP = (None, None)


def column_of(
    raw_type: str,
    data: Samples,
    data2: Samples | None,
) -> Column:
    """Return the column of these samples.

    Args:
        raw_type: The API's type of the stream.
        data: The samples: numbers, lists of numbers, or ``None`` for a gap.
        data2: The second value of each sample, for a stream of pairs.

    Raises:
        ValueError: If a sample is not a number, or two lists have different lengths.
    """
    if data2 is not None and len(data2):
        return _pairs(data, data2)
    # Documented: longitudes are in data2. One public client also met a list of [lat, lng] pairs.
    if isinstance(data, list) and list in set(map(type, data)):
        return _lists(raw_type, data)
    return Column(_doubles(data))


def gaps_of(column: Column) -> NDArray[np.bool_]:
    """Return which doubles of a column are gaps."""
    return np.isnan(np.frombuffer(column.doubles, dtype=np.float64))


def is_empty(column: Column) -> bool:
    """Return whether a column has only gaps; the column must have a sample."""
    if column.lengths is not None:
        return max(column.lengths) < 0
    # Nearly always the first sample is a value, and the others need not be read.
    return math.isnan(column.doubles[0]) and bool(gaps_of(column).all())


def _pairs(data: Samples, data2: Samples) -> Column:
    """Return a column of width 2 from two lists of equal length."""
    firsts = _doubles(data)
    seconds = _doubles(data2)
    if len(firsts) != len(seconds):
        raise ValueError(
            f"pairs need two lists of equal length, not {len(firsts)} and {len(seconds)}"
        )
    pairs = np.column_stack((firsts, seconds))
    pairs[np.isnan(pairs).any(axis=1)] = np.nan  # a latitude without a longitude is a gap
    return Column(pairs.reshape(-1).data, width=2)


def _lists(raw_type: str, data: list[Any]) -> Column:
    """Return a column of the lists among the samples: positions, or any number of values each."""
    if raw_type == "latlng":
        return _listed_pairs(data)
    column = _plain_lists(data)
    if column is not None:
        return column
    lists: list[list[float] | None] = []
    for sample in map(_listed, data):
        if sample is not None:
            lists.append([value for value in sample if value is not None])
        else:
            lists.append(None)
    return Column.lists(lists)


def _plain_lists(data: list[Any]) -> Column | None:
    """Return a column of lists of plain numbers, or ``None`` if other values are among them."""
    if not set(map(type, data)) <= {list, type(None)}:
        return None
    flat = list(chain.from_iterable(sample for sample in data if sample))
    if not _NUMBERS.issuperset(map(type, flat)):
        return None
    doubles = np.array(flat, dtype=np.float64)
    if not np.isfinite(doubles).all():
        return None
    return Column(doubles.data, 0, tuple(_lengths(data)))


def _lengths(data: list[Any]) -> Iterator[int]:
    """Yield the length of each list; -1 is a gap."""
    for sample in data:
        yield -1 if sample is None else len(sample)


def _listed_pairs(data: list[Any]) -> Column:
    """Return a column of positions from lists of two numbers; any other list is a gap."""
    firsts = []
    seconds = []
    for sample in map(_listed, data):
        first, second = _GAP
        if sample is not None and len(sample) == 2:
            first, second = sample
        firsts.append(first)
        seconds.append(second)
    return Column.pairs(firsts, seconds)


def _listed(sample: Any) -> list[float | None] | None:
    """Return the numbers of a sample; a single number is a list of one."""
    if sample is None:
        return None
    if not isinstance(sample, list):
        sample = [sample]
    return _numbers(sample)


def _doubles(samples: Samples) -> memoryview[float]:
    """Return the samples as doubles, with NaN for a gap.

    Plain numbers and gaps, which nearly all streams consist of, are converted as a unit.
    """
    if isinstance(samples, memoryview):
        return samples
    doubles = None
    if _PLAIN.issuperset(map(type, samples)):
        doubles = _plain_doubles(samples)
    if doubles is None:
        doubles = np.array(_numbers(samples), dtype=np.float64)
    return memoryview(doubles.data).cast("B").cast("d")


def _plain_doubles(samples: list[Any]) -> NDArray[np.float64] | None:
    """Return numbers and nulls as doubles, or ``None`` if one is too large for a double."""
    try:
        doubles = np.array(samples, dtype=np.float64)
    except OverflowError:
        return None
    return None if np.isinf(doubles).any() else doubles


def _numbers(samples: list[Any]) -> list[float | None]:
    return [_number(sample) for sample in samples]


def _number(sample: Any) -> float | None:
    """Return the number of a sample, or None for a gap; raise ``ValueError`` for anything else."""
    # Custom streams and fields were seen with the text "NaN" for a missing number.
    if sample is None or is_not_a_number(sample):
        return None
    # A boolean is an int, which is right for the stream `moving`: it becomes 0 and 1.
    if not isinstance(sample, int | float):
        # The source is wrong and not the caller, so this is no TypeError.
        raise ValueError("a sample is not a number")  # noqa: TRY004
    try:
        number = float(sample)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
