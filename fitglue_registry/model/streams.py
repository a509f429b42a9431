"""Streams: one channel of samples over time, as a column of doubles in which a gap is null and zero
is a value.
"""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: Unit of every stream that the model names; others keep their source's name and have no promised
#: unit.
STREAM_UNITS: dict[str, str] = {
    "time": "s since start",
    "latlng": "degrees (WGS 84)",
    "heartrate": "bpm",
    "watts": "W",
    "cadence": "rpm",
    "altitude": "m",
    "distance": "m since start",
    "velocity": "m/s",
    "temperature": "°C",
    "grade": "%",
    "moving": "0 or 1",
    "torque": "Nm",
    "left_right_balance": "%",
    "respiration": "breaths/min",
    "hrv": "ms between beats",
    "core_temperature": "°C",
    "skin_temperature": "°C",
    "stride_length": "m",
    "ground_contact_time": "ms",
    "vertical_oscillation": "mm",
    "vertical_ratio": "%",
    "smo2": "%",
    "thb": "g/dL",
    "dfa_a1": "1",
}

Sample = float | tuple[float, float] | tuple[float, ...] | None


class Column:
    """An immutable column of samples: numbers (width 1), pairs such as latitude and longitude
    (width 2), or lists (width 0).

    The doubles lie in one read-only buffer, so a column of 10,000 samples never becomes 10,000
    Python objects on its way from a parser to the store. A gap is NaN inside and ``None`` outside;
    a NaN that a source sends is a gap too.
    """

    __slots__ = ("doubles", "lengths", "width")

    doubles: memoryview[Any]
    lengths: tuple[int, ...] | None
    width: int

    def __init__(
        self, doubles: memoryview[Any], width: int = 1, lengths: tuple[int, ...] | None = None
    ) -> None:
        if doubles.format != "d":
            raise TypeError(f"a column is made of doubles, not of format {doubles.format!r}")
        if (
            width not in (0, 1, 2)
            or (width == 0) != (lengths is not None)
            or (width == 2 and len(doubles) % 2)
        ):
            raise ValueError(
                "a column holds numbers (width 1), pairs (width 2), or lists with their "
                "lengths (width 0)"
            )
        if lengths is not None and sum(max(length, 0) for length in lengths) != len(doubles):
            raise ValueError("the lengths of a column of lists add up to its doubles")
        for name, value in (
            ("doubles", doubles.toreadonly()),
            ("width", width),
            ("lengths", lengths),
        ):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, _: object) -> None:
        raise AttributeError(f"a column is immutable, {name!r} cannot be set")

    @classmethod
    def of(cls, samples: Iterable[float | None]) -> Column:
        """A column of numbers; ``None`` is a gap."""
        return cls(
            memoryview(array("d", [math.nan if sample is None else sample for sample in samples]))
        )

    @classmethod
    def pairs(cls, first: Sequence[float | None], second: Sequence[float | None]) -> Column:
        """A column of pairs from two of equal length; a pair with one half missing is a gap
        whole.
        """
        if len(first) != len(second):
            raise ValueError(
                f"pairs need two columns of one length, not {len(first)} and {len(second)}"
            )
        ones, twos = (
            array("d", [math.nan if value is None else value for value in half])
            for half in (first, second)
        )
        for index, (one, two) in enumerate(zip(ones, twos, strict=True)):
            if one != one or two != two:  # NaN is a gap
                ones[index] = twos[index] = math.nan
        doubles = array("d", bytes(16 * len(ones)))
        doubles[0::2], doubles[1::2] = ones, twos
        return cls(memoryview(doubles), width=2)

    @classmethod
    def lists(cls, samples: Sequence[Sequence[float] | None]) -> Column:
        """A column of lists, such as the intervals between heart beats within each second; ``None``
        is a gap.
        """
        doubles = array("d", [value for sample in samples for value in sample or ()])
        return cls(
            memoryview(doubles),
            width=0,
            lengths=tuple(-1 if sample is None else len(sample) for sample in samples),
        )

    def __len__(self) -> int:
        return len(self.lengths) if self.lengths is not None else len(self.doubles) // self.width

    def __iter__(self) -> Iterator[Sample]:
        if self.lengths is not None:
            return self._iterate_lists(self.lengths)
        if self.width == 2:
            values = iter(self.doubles)
            return (
                None if one != one else (one, two) for one, two in zip(values, values, strict=True)
            )
        return (None if value != value else value for value in self.doubles)

    def _iterate_lists(self, lengths: tuple[int, ...]) -> Iterator[Sample]:
        position = 0
        for length in lengths:
            yield None if length < 0 else tuple(self.doubles[position : position + length])
            position += max(length, 0)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Column):
            return NotImplemented
        # Samples alone: lists of two are pairs, and only gaps may be of any width.
        return list(self) == list(other)

    def __hash__(self) -> int:
        return hash(("Column", len(self)))

    def __repr__(self) -> str:
        return f"Column(width={self.width}, {len(self)} samples)"

    def to_list(self) -> list[float | list[float] | None]:
        """The samples as JSON has them: numbers, lists, and null for a gap."""
        return [list(sample) if isinstance(sample, tuple) else sample for sample in self]

    @classmethod
    def from_list(cls, samples: Sequence[object]) -> Column:
        """The inverse of :meth:`to_list`; raises ``ValueError`` for anything else."""
        kinds = {type(sample) for sample in samples} - {type(None)}
        try:
            if kinds <= {int, float, bool}:
                return cls.of(samples)  # type: ignore[arg-type]
            if kinds == {list} and all(
                len(sample) == 2 for sample in samples if isinstance(sample, list)
            ):
                pairs = [sample if isinstance(sample, list) else (None, None) for sample in samples]
                return cls.pairs([pair[0] for pair in pairs], [pair[1] for pair in pairs])
            if kinds == {list}:
                return cls.lists(samples)  # type: ignore[arg-type]
        except (TypeError, OverflowError) as error:
            raise ValueError("a sample is a number, a list of numbers, or null") from error
        raise ValueError("a stream holds numbers, or lists, with null for a gap, never both")


class Stream(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One channel: sample *k* of each stream of an activity belongs to sample *k* of its ``time``
    stream.
    """

    type: Annotated[
        str,
        Meta(
            min_length=1,
            description="canonical name where the model has one, else the source's own",
        ),
    ]
    values: Column
    unit: str | None = None
    name: Annotated[str | None, Meta(description="the athlete's label of a custom stream")] = None
    raw_type: Annotated[str | None, Meta(description="the source's name where it differs")] = None
    custom: Annotated[
        bool, Meta(description="defined by the athlete, meaning unknown to the source")
    ] = False
