"""The samples of a stream as a column of numbers, pairs or lists; a gap is not the same as zero."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Sample = float | tuple[float, float] | tuple[float, ...] | None

#: A double that is not a number marks a gap, so that a column needs no second buffer for its gaps.
_GAP = math.nan


class Column:
    """An immutable column of samples: numbers, pairs such as latitude and longitude, or lists.

    All doubles are in one read-only buffer, so 10,000 samples do not become 10,000 Python objects
    between a parser and the store. A gap is NaN in the buffer and ``None`` for callers; a NaN that
    a source sends is a gap as well.

    Args:
        doubles: Buffer of all numbers, in the order of the samples.
        width: 1 for numbers, 2 for pairs, 0 for lists.
        lengths: For lists, the number of doubles of each sample, or -1 for a gap.

    Raises:
        TypeError: If the buffer does not contain doubles.
        ValueError: If the arguments contradict each other.
    """

    __slots__ = ("_doubles", "_lengths", "_width")

    def __init__(
        self,
        doubles: memoryview[Any],
        width: int = 1,
        lengths: tuple[int, ...] | None = None,
    ) -> None:
        if doubles.format != "d":
            raise TypeError(f"a column needs a buffer of doubles, not of format {doubles.format!r}")
        if not _fit_together(doubles, width, lengths):
            raise ValueError(
                "a column contains numbers (width 1), pairs (width 2), or lists with their "
                "lengths (width 0)"
            )
        if lengths is not None and _total(lengths) != len(doubles):
            raise ValueError("the lengths of a column of lists must add up to its doubles")
        self._doubles = doubles.toreadonly()
        self._width = width
        self._lengths = lengths

    def __reduce__(self) -> tuple[Any, ...]:
        # A memoryview cannot be pickled.
        return _unpickled, (self._doubles.tobytes(), self._width, self._lengths)

    @property
    def doubles(self) -> memoryview[Any]:
        """The read-only buffer of all numbers, in the order of the samples."""
        return self._doubles

    @property
    def width(self) -> int:
        """The kind of the samples: 1 for numbers, 2 for pairs, 0 for lists."""
        return self._width

    @property
    def lengths(self) -> tuple[int, ...] | None:
        """The length of each list, -1 for a gap; ``None`` for numbers and pairs."""
        return self._lengths

    @classmethod
    def of(cls, samples: Iterable[float | None]) -> Column:
        """Return a column of numbers; ``None`` is a gap."""
        return cls(memoryview(_doubles(samples)))

    @classmethod
    def pairs(cls, first: Sequence[float | None], second: Sequence[float | None]) -> Column:
        """Return a column of pairs; a pair that lacks one of its halves is a gap.

        Raises:
            ValueError: If ``first`` and ``second`` differ in length.
        """
        if len(first) != len(second):
            raise ValueError(
                f"pairs need two columns of equal length, not {len(first)} and {len(second)}"
            )
        left = _doubles(first)
        right = _doubles(second)
        for index, (sample, partner) in enumerate(zip(left, right, strict=True)):
            if math.isnan(sample) or math.isnan(partner):
                left[index] = right[index] = _GAP
        doubles = array("d", bytes(16 * len(left)))
        doubles[0::2] = left
        doubles[1::2] = right
        return cls(memoryview(doubles), width=2)

    @classmethod
    def lists(cls, samples: Sequence[Sequence[float] | None]) -> Column:
        """Return a column of lists; ``None`` is a gap.

        An example is the stream ``hrv``: the intervals between heartbeats within each second.
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
        """Return the column that :meth:`to_list` would turn into these samples.

        Raises:
            ValueError: If the samples are neither all numbers nor all lists of numbers.
        """
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
        raise ValueError("a stream contains either numbers or lists, with null for each gap")

    def to_list(self) -> list[float | list[float] | None]:
        """Return the samples as JSON values: numbers or lists, and null for a gap."""
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
        # Only the samples are compared: a list of two numbers equals a pair, and a column that has
        # nothing but gaps can be of any width.
        return list(self) == list(other)

    def __hash__(self) -> int:
        # Columns of different widths can be equal, so the hash uses only what they must share.
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


def _unpickled(
    content: bytes,
    width: int,
    lengths: tuple[int, ...] | None,
) -> Column:
    return Column(
        memoryview(content).cast("d"),
        width,
        lengths,
    )


def _doubles(samples: Iterable[float | None]) -> array[float]:
    # An array takes a list in half the time that it takes an iterator.
    return array("d", list(_with_gaps(samples)))


def _with_gaps(samples: Iterable[float | None]) -> Iterator[float]:
    for sample in samples:
        yield _GAP if sample is None else sample


# These loops recognize NaN because it is the only number that differs from itself; no other test of
# a single number is faster.


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
