"""Packs the numbers of one stream so that zstd compresses them well.

Sensors report few decimal places (1 W, 0.1 m, 1e-7 degrees), so most streams are whole numbers at
some scale. Their differences are small, and are split into byte planes: the first byte of each
number, then the second of each, and so on. If a scale would not restore every double bit for bit,
the doubles themselves are split. A bit mask in front of the numbers marks the gaps. Of the methods
that were measured, differences, byte planes and zstd together were the fastest to write.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Powers of ten that occur: 1e6 and 1e7 are decimal places of coordinates.
_SCALES = (1.0, 10.0, 100.0, 1000.0, 1e6, 1e7)
#: About this many values are tried before a scale is tried on all of them.
_SAMPLES = 64
#: Below this limit, a double represents every whole number exactly.
_LARGEST = 2.0**52


@dataclass(frozen=True, slots=True)
class PackedNumbers:
    """The numbers of a stream before they are compressed, and what is needed to read them."""

    kind: Literal["i", "d"]  # scaled integers, doubles
    scale: float  # the numbers were multiplied by it
    count: int
    mask_size: int  # bytes of the mask at the start of ``plain``; 0: no gaps
    plain: bytes  # the mask, one byte with the number of byte planes, the planes


# -- packing ---------------------------------------------------------------------------------------


def pack_numbers(
    doubles: memoryview,
    stride: int,
) -> PackedNumbers:
    """Pack the values of a stream.

    Args:
        doubles: The values, sample after sample. NaN is a gap.
        stride: How many of them belong to one sample: 2 for latitude and longitude. A difference is
            taken to the same number of the previous sample.
    """
    values = np.frombuffer(doubles, dtype="<f8")
    mask = b""
    # max() is NaN if any value is: one pass instead of an array of flags for the usual case.
    if len(values) and math.isnan(values.max()):
        gaps = np.isnan(values)
        mask = np.packbits(gaps).tobytes()
        values = _fill(values, gaps)

    scaled = _scaled(values)
    if scaled is None:
        planes = _split(values.view("<u8"))
        return PackedNumbers("d", 1.0, len(values), len(mask), mask + planes)
    scale, integers = scaled
    planes = _split(_differences(integers, stride))
    return PackedNumbers("i", scale, len(values), len(mask), mask + planes)


def _fill(
    values: NDArray[np.float64],
    gaps: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Return the values with the last known number in each gap: its difference is zero."""
    known = np.where(~gaps, np.arange(len(values)), 0)
    np.maximum.accumulate(known, out=known)
    filled = values[known]
    return np.where(np.isnan(filled), 0.0, filled)


def _scaled(values: NDArray[np.float64]) -> tuple[float, NDArray[np.int64]] | None:
    """Return the first scale at which all values are whole numbers, and those numbers."""
    largest = float(max(-values.min(initial=0.0), values.max(initial=0.0)))
    step = max(len(values) // _SAMPLES, 1)
    for scale in _candidates(values[::step]):
        if largest * scale < _LARGEST:  # and not infinite
            integers = _at_scale(values, scale)
            if integers is not None:
                return scale, integers
    return None


def _candidates(samples: NDArray[np.float64]) -> list[float]:
    """Return the scales at which the sampled values are whole numbers.

    Only these are worth trying on all values.
    """
    scales = np.array(_SCALES)
    with np.errstate(over="ignore", invalid="ignore"):
        integers = np.rint(np.multiply.outer(scales, samples))
        back = integers / scales[:, None]
    fits = (back == samples).all(axis=1)
    return [scale for scale, fit in zip(_SCALES, fits.tolist(), strict=True) if fit]


def _at_scale(
    values: NDArray[np.float64],
    scale: float,
) -> NDArray[np.int64] | None:
    """Return the whole numbers at a scale, or ``None`` if they do not restore every double."""
    integers = np.rint(values * scale).astype("<i8")
    back = integers / scale
    # Compared as bits, since -0.0 == 0.0 and no integer can represent -0.0.
    if (back.view("<i8") == values.view("<i8")).all():
        return integers
    return None


def _differences(
    integers: NDArray[np.int64],
    stride: int,
) -> NDArray[np.uint64]:
    deltas = integers.copy()
    deltas[stride:] -= integers[:-stride]
    # Zigzag encoding (0, -1, 1, -2 → 0, 1, 2, 3), so that the high bytes of small negative numbers
    # are zero, too.
    signs = deltas >> np.int64(63)
    return ((deltas << np.int64(1)) ^ signs).view("<u8")


def _split(words: NDArray[np.uint64]) -> bytes:
    """Return the byte planes, without the high planes in which every byte is zero."""
    planes = np.ascontiguousarray(words).view(np.uint8).reshape(-1, 8).T
    bits = int(words.max(initial=0)).bit_length()
    used = (bits + 7) // 8
    return bytes([used]) + planes[:used].tobytes()


# -- unpacking -------------------------------------------------------------------------------------


def unpack_numbers(
    packed: PackedNumbers,
    stride: int,
) -> memoryview[float]:
    """Return the values of a stream, bit for bit as they were packed."""
    mask = packed.plain[: packed.mask_size]
    words = _joined(packed.plain[packed.mask_size :], packed.count)
    values = _values_of(words, packed, stride)
    if mask:
        bits = np.frombuffer(mask, dtype=np.uint8)
        gaps = np.unpackbits(bits, count=packed.count).astype(bool)
        values = np.where(gaps, np.nan, values)
    return memoryview(np.ascontiguousarray(values, dtype="<f8").tobytes()).cast("d")


def _values_of(
    words: NDArray[np.uint64],
    packed: PackedNumbers,
    stride: int,
) -> NDArray[np.float64]:
    if packed.kind == "d":
        return words.view("<f8")
    return _summed(words, stride) / packed.scale


def _joined(
    body: bytes,
    count: int,
) -> NDArray[np.uint64]:
    """Return the words of the byte planes; planes that were left out are zero."""
    planes = np.zeros((8, count), dtype=np.uint8)
    used = body[0]
    if count:
        kept = np.frombuffer(body, dtype=np.uint8, offset=1)
        planes[:used] = kept.reshape(used, count)
    return np.ascontiguousarray(planes.T).view("<u8").reshape(-1)


def _summed(
    words: NDArray[Any],
    stride: int,
) -> NDArray[np.int64]:
    """Undo the zigzag encoding and the differences."""
    signs = -(words & np.uint64(1)).view("<i8")
    deltas = (words >> np.uint64(1)).view("<i8") ^ signs
    if stride == 1:
        return np.cumsum(deltas)
    return np.cumsum(deltas.reshape(-1, stride), axis=0).reshape(-1)
