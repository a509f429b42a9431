"""A column of samples: numbers, pairs or lists, in which a gap is null and zero is a value."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Sample = float | tuple[float, float] | tuple[float, ...] | None

_GAP = math.nan


class Column:
    """An immutable column of samples: numbers (width 1), pairs such as latitude and longitude
    (width 2), or lists (width 0).

    The doubles lie in one read-only buffer, so a column of 10,000 samples never becomes 10,000
    Python objects on its way from a parser to the store. A gap is NaN inside and ``None`` outside;
    a NaN that a source sends is a gap too.
    """

    __slots__ = ("_doubles", "_lengths", "_width")

    def __init__(
        self,
        doubles: memoryview[Any],
        width: int = 1,
        lengths: tuple[int, ...] | None = None,
    ) -> None:
        if doubles.format != "d":
            raise TypeError(f"a column is made of doubles, not of format {doubles.format!r}")
        if not _fit_together(doubles, width, lengths):
            raise ValueError(
                "a column holds numbers (width 1), pairs (width 2), or lists with their "
                "lengths (width 0)"
            )
        if lengths is not None and _total(lengths) != len(doubles):
            raise ValueError("the lengths of a column of lists add up to its doubles")
        self._doubles = doubles.toreadonly()
        self._width = width
        self._lengths = lengths

    @property
    def doubles(self) -> memoryview[Any]:
        """All numbers, one after the other."""
        return self._doubles

    @property
    def width(self) -> int:
        """1 for numbers, 2 for pairs, 0 for lists."""
        return self._width

    @property
    def lengths(self) -> tuple[int, ...] | None:
        """Of lists, how many numbers each has; -1 for a gap."""
        return self._lengths

    @classmethod
    def of(cls, samples: Iterable[float | None]) -> Column:
        """A column of numbers; ``None`` is a gap."""
        return cls(memoryview(_doubles(samples)))

    @classmethod
    def pairs(cls, first: Sequence[float | None], second: Sequence[float | None]) -> Column:
        """A column of pairs from two of equal length; a pair with one half missing is a gap
        whole.
        """
        if len(first) != len(second):
            raise ValueError(
                f"pairs need two columns of one length, not {len(first)} and {len(second)}"
            )
        left = _doubles(first)
        right = _doubles(second)
        for index, (one, other) in enumerate(zip(left, right, strict=True)):
            if math.isnan(one) or math.isnan(other):
                left[index] = right[index] = _GAP
        doubles = array("d", bytes(16 * len(left)))
        doubles[0::2] = left
        doubles[1::2] = right
        return cls(memoryview(doubles), width=2)

    @classmethod
    def lists(cls, samples: Sequence[Sequence[float] | None]) -> Column:
        """A column of lists, such as the intervals between heart beats within each second; ``None``
        is a gap.
        """
        doubles = array("d")
        lengths: list[int] = []
        for sample in samples:
            if sample is None:
                lengths.append(-1)
            else:
                doubles.extend(iter(sample))
                lengths.append(len(sample))
        return cls(
            memoryview(doubles),
            width=0,
            lengths=tuple(lengths),
        )

    @classmethod
    def from_list(cls, samples: Sequence[Any]) -> Column:
        """The inverse of :meth:`to_list`; raises ``ValueError`` for anything else."""
        kinds = {type(sample) for sample in samples if sample is not None}
        try:
            if kinds <= {int, float, bool}:
                return cls.of(samples)
            if kinds == {list} and _are_pairs(samples):
                pairs = [sample or (None, None) for sample in samples]
                first = [pair[0] for pair in pairs]
                second = [pair[1] for pair in pairs]
                return cls.pairs(first, second)
            if kinds == {list}:
                return cls.lists(samples)
        except (TypeError, OverflowError) as error:
            raise ValueError("a sample is a number, a list of numbers, or null") from error
        raise ValueError("a stream holds numbers, or lists, with null for a gap, never both")

    def to_list(self) -> list[float | list[float] | None]:
        """The samples as JSON has them: numbers, lists, and null for a gap."""
        samples: list[float | list[float] | None] = []
        for sample in self:
            if isinstance(sample, tuple):
                samples.append(list(sample))
            else:
                samples.append(sample)
        return samples

    def __len__(self) -> int:
        if self._lengths is not None:
            return len(self._lengths)
        return len(self._doubles) // self._width

    def __iter__(self) -> Iterator[Sample]:
        if self._lengths is not None:
            return _iterate_lists(self._doubles, self._lengths)
        if self._width == 2:
            return _iterate_pairs(self._doubles)
        return _iterate_numbers(self._doubles)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Column):
            return NotImplemented
        # Only samples count: lists of two are pairs, and a column of gaps may be of any width.
        return list(self) == list(other)

    def __hash__(self) -> int:
        return hash(("Column", len(self)))

    def __repr__(self) -> str:
        return f"Column(width={self.width}, {len(self)} samples)"


def _fit_together(
    doubles: memoryview[Any],
    width: int,
    lengths: tuple[int, ...] | None,
) -> bool:
    if lengths is not None:
        return width == 0
    if width == 2:
        return len(doubles) % 2 == 0
    return width == 1


def _total(lengths: Iterable[int]) -> int:
    return sum(max(length, 0) for length in lengths)


def _are_pairs(samples: Sequence[list[float] | None]) -> bool:
    return all(sample is None or len(sample) == 2 for sample in samples)


def _doubles(samples: Iterable[float | None]) -> array[float]:
    # An array takes a list in half the time that it takes an iterator.
    return array("d", list(_with_gaps(samples)))


def _with_gaps(samples: Iterable[float | None]) -> Iterator[float]:
    for sample in samples:
        yield _GAP if sample is None else sample


# In these loops NaN is told by what no other number does: it differs from itself. There is no
# quicker way for a single number.


def _iterate_numbers(doubles: memoryview[Any]) -> Iterator[Sample]:
    for value in doubles:
        yield None if value != value else value


def _iterate_pairs(doubles: memoryview[Any]) -> Iterator[Sample]:
    values = iter(doubles)
    for first, second in zip(values, values, strict=True):
        yield None if first != first else (first, second)


def _iterate_lists(doubles: memoryview[Any], lengths: tuple[int, ...]) -> Iterator[Sample]:
    position = 0
    for length in lengths:
        if length < 0:
            yield None
        else:
            yield tuple(doubles[position : position + length])
            position += length
