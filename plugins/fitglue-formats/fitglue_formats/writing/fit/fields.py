"""Which numbers a field of FIT can hold; for others, the encoder fails or writes another one."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fitglue_formats.writing.fit.sdk import fields_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_formats.writing.fit.sdk import Message
    from fitglue_formats.writing.samples import Floats


class _Range(NamedTuple):
    """The raw numbers of a base type that are values; one more number means "no value"."""

    lowest: float
    highest: float


#: FIT protocol, table of base types. The highest number of a type means "no value"; for the types
#: whose names end with z, it is zero.
_RANGES = {
    "enum": _Range(0, 0xFE),
    "byte": _Range(0, 0xFE),
    "sint8": _Range(-0x80, 0x7E),
    "uint8": _Range(0, 0xFE),
    "sint16": _Range(-0x8000, 0x7FFE),
    "uint16": _Range(0, 0xFFFE),
    "sint32": _Range(-0x8000_0000, 0x7FFF_FFFE),
    "uint32": _Range(0, 0xFFFF_FFFE),
    "uint8z": _Range(1, 0xFF),
    "uint16z": _Range(1, 0xFFFF),
    "uint32z": _Range(1, 0xFFFF_FFFF),
}
_FLOAT = _Range(-3.4e38, 3.4e38)


class Scale(NamedTuple):
    """How a field stores a number: ``(value + offset) * scale``, within the range of its type."""

    scale: float
    offset: float
    range: _Range
    is_whole: bool

    def fits(self, value: float) -> bool:
        """Return whether the field can hold a number, after rounding it."""
        if not math.isfinite(value):
            return False
        raw = self._raw(value)
        return self.range.lowest <= raw <= self.range.highest

    def _raw(self, value: float) -> float:
        scaled = (value + self.offset) * self.scale
        return round(scaled) if self.is_whole else scaled

    def encodable(self, value: float) -> float | int:
        """Return a number as the encoder takes it: it rounds only numbers that it scales."""
        if self.is_whole and self.scale == 1 and self.offset == 0:
            return round(value)
        return value


@cache
def scale_of(message: int, name: str) -> Scale:
    """Return how a field stores numbers."""
    field = fields_of(message)[name]
    base = field["base_type"]
    scale = _single(field["scale"], 1)
    offset = _single(field["offset"], 0)
    limits = _RANGES.get(base, _FLOAT)
    if "altitude" in name:
        # A raw altitude of 0 is -500 m, which programs write for "not measured".
        limits = _Range(1, limits.highest)
    return Scale(
        scale,
        offset,
        limits,
        is_whole=base in _RANGES,
    )


def _single(stated: Any, default: float) -> float:
    """Return the scale or the offset of a field, which the profile states as a list."""
    if isinstance(stated, list):
        return float(stated[0]) if stated else default
    return default if stated is None else float(stated)


def put(
    message: Message,
    number: int,
    name: str,
    value: float | None,
) -> None:
    """Write a number into a field of a message; one that the field cannot hold is left out.

    Args:
        message: The message.
        number: Its number in the profile.
        name: The name of the field.
        value: The number in the unit of the profile, or ``None``.
    """
    if value is None:
        return
    scale = scale_of(number, name)
    if scale.fits(value):
        message[name] = scale.encodable(value)


def put_all(
    message: Message,
    number: int,
    values: Iterable[tuple[str, float | None]],
) -> None:
    """Write several numbers into the fields of a message, as ``put`` does."""
    for name, value in values:
        put(
            message,
            number,
            name,
            value,
        )


def put_cadence(
    message: Message,
    number: int,
    name: str,
    value: float | None,
) -> None:
    """Write a cadence, whose fraction has a field of its own in steps of 1/128."""
    if value is None or not math.isfinite(value):
        return
    steps = round(value * 128)
    whole, fraction = divmod(steps, 128)
    put(
        message,
        number,
        name,
        whole,
    )
    if fraction and name in message:
        message[name.replace("_cadence", "_fractional_cadence")] = fraction / 128


def column(
    number: int,
    name: str,
    values: Floats,
) -> list[Any]:
    """Return a column of numbers as the encoder takes them; ``None`` is a gap.

    Args:
        number: The number of the message.
        name: The name of the field.
        values: One number for each message; NaN is a gap. A number that the field cannot hold
            becomes a gap.
    """
    scale = scale_of(number, name)
    raw = (values + scale.offset) * scale.scale
    if scale.is_whole:
        raw = np.rint(raw)
    with np.errstate(invalid="ignore"):
        fits = (raw >= scale.range.lowest) & (raw <= scale.range.highest)
    is_raw = scale.is_whole and scale.scale == 1 and scale.offset == 0
    numbers = _whole(raw, fits) if is_raw else _scaled(raw, scale)
    if fits.all():
        return numbers
    return [
        value if is_kept else None for value, is_kept in zip(numbers, fits.tolist(), strict=True)
    ]


def _whole(raw: Floats, fits: Any) -> list[Any]:
    """Return whole numbers; those that do not fit are 0 and are replaced by the caller."""
    safe = np.where(fits, raw, 0)
    whole: list[Any] = safe.astype(np.int64).tolist()
    return whole


def _scaled(raw: Floats, scale: Scale) -> list[Any]:
    """Return raw numbers in the unit of the profile; the encoder scales and rounds them again."""
    values: list[Any] = (raw / scale.scale - scale.offset).tolist()
    return values
