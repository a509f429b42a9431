"""The numbers of one stream as few bytes: scaled to whole numbers, their differences split into
byte planes.

Numbers are kept as scaled integers only where that gives back every double bit by bit; else the
doubles themselves are split. Gaps are a bit mask in front of the numbers (``facts``: delta + byte
split + zstd is the cheapest to write).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SCALES = (1.0, 10.0, 100.0, 1000.0, 1e6, 1e7)
#: So many values are tried before a scale is tried on all of them.
_SAMPLES = 64
_LARGEST = 2.0**52  # beyond it a double no longer tells one whole number from the next


@dataclass(frozen=True, slots=True)
class PackedNumbers:
    """The numbers of a stream before they are compressed, and what is needed to read them."""

    kind: Literal["i", "d"]  # scaled integers, doubles
    scale: float
    count: int
    mask_size: int  # bytes of the mask at the front of ``plain``, 0: no gaps
    plain: bytes


# -- packing ---------------------------------------------------------------------------------------


def pack_numbers(doubles: memoryview, stride: int) -> PackedNumbers:
    """Pack the values of a stream, of which ``stride`` belong to one sample; NaN is a gap."""
    values = np.frombuffer(doubles, dtype="<f8")
    mask = b""
    if len(values) and math.isnan(values.max()):
        gaps = np.isnan(values)
        mask = np.packbits(gaps).tobytes()
        values = _fill(values, gaps)

    scaled = _scaled(values)
    if scaled is None:
        planes = _split(values.view("<u8"))
        return PackedNumbers("d", 1.0, len(values), len(mask), mask + planes)
    scale, whole = scaled
    planes = _split(_differences(whole, stride))
    return PackedNumbers("i", scale, len(values), len(mask), mask + planes)


def _fill(values: NDArray[np.float64], gaps: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The last known number in each gap, which costs nothing once differences are taken."""
    known = np.where(~gaps, np.arange(len(values)), 0)
    np.maximum.accumulate(known, out=known)
    filled = values[known]
    return np.where(np.isnan(filled), 0.0, filled)


def _scaled(values: NDArray[np.float64]) -> tuple[float, NDArray[np.int64]] | None:
    """The first scale at which all values are whole numbers, and those numbers."""
    largest = float(max(-values.min(initial=0.0), values.max(initial=0.0)))
    step = max(len(values) // _SAMPLES, 1)
    for scale in _candidates(values[::step]):
        if largest * scale < _LARGEST:  # and not infinite
            whole = _at_scale(values, scale)
            if whole is not None:
                return scale, whole
    return None


def _candidates(samples: NDArray[np.float64]) -> list[float]:
    """The scales that do for some of the values; the others need not be tried on all."""
    scales = np.array(_SCALES)
    with np.errstate(over="ignore", invalid="ignore"):
        whole = np.rint(np.multiply.outer(scales, samples))
        back = whole / scales[:, None]
    fits = (back == samples).all(axis=1)
    return [scale for scale, fit in zip(_SCALES, fits.tolist(), strict=True) if fit]


def _at_scale(values: NDArray[np.float64], scale: float) -> NDArray[np.int64] | None:
    """The whole numbers at a scale, where they give back every double bit by bit: -0.0 stays what
    it is.
    """
    whole = np.rint(values * scale).astype("<i8")
    back = whole / scale
    if (back.view("<i8") == values.view("<i8")).all():
        return whole
    return None


def _differences(whole: NDArray[np.int64], stride: int) -> NDArray[np.uint64]:
    deltas = whole.copy()
    deltas[stride:] -= whole[:-stride]
    # Zigzag: small numbers of either sign stay small.
    signs = deltas >> np.int64(63)
    return ((deltas << np.int64(1)) ^ signs).view("<u8")


def _split(words: NDArray[np.uint64]) -> bytes:
    """Byte planes, without the high ones that are zero all through."""
    planes = np.ascontiguousarray(words).view(np.uint8).reshape(-1, 8).T
    bits = int(words.max(initial=0)).bit_length()
    used = (bits + 7) // 8
    return bytes([used]) + planes[:used].tobytes()


# -- unpacking -------------------------------------------------------------------------------------


def unpack_numbers(packed: PackedNumbers, stride: int) -> memoryview[float]:
    """The values of a stream, bit by bit as they were packed."""
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


def _joined(body: bytes, count: int) -> NDArray[np.uint64]:
    """The words of the byte planes; the planes that were left out are zero."""
    planes = np.zeros((8, count), dtype=np.uint8)
    used = body[0]
    if count:
        kept = np.frombuffer(body, dtype=np.uint8, offset=1)
        planes[:used] = kept.reshape(used, count)
    return np.ascontiguousarray(planes.T).view("<u8").reshape(-1)


def _summed(words: NDArray[Any], stride: int) -> NDArray[np.int64]:
    signs = -(words & np.uint64(1)).view("<i8")
    deltas = (words >> np.uint64(1)).view("<i8") ^ signs
    if stride == 1:
        return np.cumsum(deltas)
    return np.cumsum(deltas.reshape(-1, stride), axis=0).reshape(-1)
