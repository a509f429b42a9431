"""Turns the samples of a channel into a column of doubles."""

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

#: ``bool`` is not among them: it is a number too, and the careful way knows.
_NUMBERS = frozenset({int, float})
_PLAIN = _NUMBERS | {type(None)}
_GAP = (None, None)


def column_of(
    raw_type: str,
    data: Samples,
    data2: Samples | None,
) -> Column:
    """The column of these samples; raises ``ValueError`` where one is no number."""
    if data2 is not None and len(data2):
        return _pairs(data, data2)
    if isinstance(data, list) and list in set(map(type, data)):
        return _lists(raw_type, data)
    return Column(_doubles(data))


def gaps_of(column: Column) -> NDArray[np.bool_]:
    """Which of the doubles of a column are none."""
    return np.isnan(np.frombuffer(column.doubles, dtype=np.float64))


def is_empty(column: Column) -> bool:
    """Whether a column of samples holds only gaps; nearly always the first one tells."""
    if column.lengths is not None:
        return max(column.lengths) < 0
    return math.isnan(column.doubles[0]) and bool(gaps_of(column).all())


def _pairs(data: Samples, data2: Samples) -> Column:
    firsts = _doubles(data)
    seconds = _doubles(data2)
    if len(firsts) != len(seconds):
        raise ValueError(
            f"pairs need two columns of one length, not {len(firsts)} and {len(seconds)}"
        )
    pairs = np.column_stack((firsts, seconds))
    pairs[np.isnan(pairs).any(axis=1)] = np.nan  # a pair with one half missing is a gap whole
    return Column(pairs.reshape(-1).data, width=2)


def _lists(raw_type: str, data: list[Any]) -> Column:
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
    """Lists of plain numbers, as nearly always; ``None`` for any other ones."""
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
    """The length of each list; -1 is a gap."""
    for sample in data:
        yield -1 if sample is None else len(sample)


def _listed_pairs(data: list[Any]) -> Column:
    """Positions that are lists of two; any other list is a gap."""
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
    """The numbers of a sample; one that is no list is taken for a list of one."""
    if sample is None:
        return None
    if not isinstance(sample, list):
        sample = [sample]
    return _numbers(sample)


def _doubles(samples: Samples) -> memoryview[float]:
    """The samples as doubles, a gap as NaN.

    Numbers with some gaps, as nearly always, are not looked at one by one.
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
    """Plain numbers and nulls as doubles; ``None`` where one is beyond all doubles."""
    try:
        doubles = np.array(samples, dtype=np.float64)
    except OverflowError:
        return None
    return None if np.isinf(doubles).any() else doubles


def _numbers(samples: list[Any]) -> list[float | None]:
    return [_number(sample) for sample in samples]


def _number(sample: Any) -> float | None:
    if sample is None or is_not_a_number(sample):
        return None
    # A boolean is an int, and that is right: moving is 0 or 1.
    if not isinstance(sample, int | float):
        raise ValueError("a sample is no number")  # noqa: TRY004 - the source is wrong, not our caller
    try:
        number = float(sample)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
