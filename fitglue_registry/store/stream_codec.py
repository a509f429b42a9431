"""Streams as one compact, lossless blob: whole numbers at a scale, their differences split into
byte planes, zstd.

Layout: ``FGS1``, length of the header (4 bytes, little endian), header (JSON: one item a stream),
the streams' zstd frames. A stream's numbers are kept as scaled integers only where that gives back
every double bit by bit; else the doubles themselves are split and packed. Gaps are a bit mask
beside the numbers (``facts``: delta + byte split + zstd is the cheapest to write).
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from fitglue_registry.model import Column, Stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

_MAGIC = b"FGS1"
_LEVEL = 3
_SCALES = (1.0, 10.0, 100.0, 1000.0, 1e6, 1e7)
_SAMPLES = 64
_LARGEST = 2.0**52  # beyond it a double no longer tells one whole number from the next


class _Item(msgspec.Struct, omit_defaults=True):
    type: str
    width: int
    count: int
    size: int
    kind: Literal["i", "d"]  # scaled integers, doubles
    scale: float = 1.0
    mask: int = 0  # bytes of the mask at the front of the unpacked frame, 0: no gaps
    lengths: list[int] | None = None
    unit: str | None = None
    name: str | None = None
    raw_type: str | None = None
    custom: bool = False


def encode_streams(streams: Sequence[Stream]) -> bytes:
    """All streams of one source activity as one blob."""
    import zstandard

    compressor = zstandard.ZstdCompressor(level=_LEVEL)
    items, frames = [], []
    for stream in streams:
        item, plain = _pack(stream)
        frame = compressor.compress(plain)
        item.size = len(frame)
        items.append(item)
        frames.append(frame)
    header = msgspec.json.encode(items)
    return b"".join((_MAGIC, struct.pack("<I", len(header)), header, *frames))


def decode_streams(blob: bytes, types: Sequence[str] | None = None) -> tuple[Stream, ...]:
    """The streams of a blob, or only those named; raises ``ValueError`` for a blob that is not one
    of ours.
    """
    import zstandard

    if blob[:4] != _MAGIC:
        raise ValueError("these are no streams of ours, or of a newer version")
    try:
        start = 8 + struct.unpack("<I", blob[4:8])[0]
        items = msgspec.json.decode(blob[8:start], type=list[_Item])
        decompressor = zstandard.ZstdDecompressor()
        found = []
        for item in items:
            if types is None or item.type in types:
                found.append(
                    _unpack(item, decompressor.decompress(blob[start : start + item.size]))
                )
            start += item.size
    except (struct.error, zstandard.ZstdError, IndexError, ValueError, MemoryError) as error:
        raise ValueError(f"the streams are damaged: {error}") from error
    return tuple(found)


def _pack(stream: Stream) -> tuple[_Item, bytes]:
    import numpy as np

    column = stream.values
    values = np.frombuffer(column.doubles, dtype="<f8")
    mask = b""
    if len(values) and math.isnan(values.max()):
        gaps = np.isnan(values)
        mask, values = np.packbits(gaps).tobytes(), _fill(values, gaps)
    item = _Item(
        stream.type,
        column.width,
        len(values),
        0,
        "d",
        mask=len(mask),
        lengths=list(column.lengths) if column.lengths else None,
        unit=stream.unit,
        name=stream.name,
        raw_type=stream.raw_type,
        custom=stream.custom,
    )
    scaled = _scaled(values)
    if scaled is None:
        return item, mask + _split(values.view("<u8"))
    item.kind, item.scale = "i", scaled[0]
    return item, mask + _split(_differences(scaled[1], max(column.width, 1)))


def _fill(values: NDArray[np.float64], gaps: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The last known number in each gap, which costs nothing once differences are taken."""
    import numpy as np

    known = np.where(~gaps, np.arange(len(values)), 0)
    np.maximum.accumulate(known, out=known)
    filled = values[known]
    return np.where(np.isnan(filled), 0.0, filled)


def _scaled(values: NDArray[np.float64]) -> tuple[float, NDArray[np.int64]] | None:
    largest = float(max(-values.min(initial=0.0), values.max(initial=0.0)))
    for scale in _candidates(values[:: max(len(values) // _SAMPLES, 1)]):
        if largest * scale < _LARGEST:  # and not infinite
            whole = _at_scale(values, scale)
            if whole is not None:
                return scale, whole
    return None


def _candidates(some: NDArray[np.float64]) -> list[float]:
    """The scales that do for some of the values; the others need not be tried on all."""
    import numpy as np

    scales = np.array(_SCALES)
    with np.errstate(over="ignore", invalid="ignore"):
        back = np.rint(np.multiply.outer(scales, some)) / scales[:, None]
    fits = (back == some).all(axis=1)
    return [scale for scale, fit in zip(_SCALES, fits.tolist(), strict=True) if fit]


def _at_scale(values: NDArray[np.float64], scale: float) -> NDArray[np.int64] | None:
    """The whole numbers at a scale, where they give back every double bit by bit: -0.0 stays what
    it is.
    """
    import numpy as np

    whole = np.rint(values * scale).astype("<i8")
    return whole if ((whole / scale).view("<i8") == values.view("<i8")).all() else None


def _differences(whole: NDArray[np.int64], stride: int) -> NDArray[np.uint64]:
    import numpy as np

    deltas = whole.copy()
    deltas[stride:] -= whole[:-stride]
    # Zigzag: small numbers of either sign stay small.
    return ((deltas << np.int64(1)) ^ (deltas >> np.int64(63))).view("<u8")


def _split(words: NDArray[np.uint64]) -> bytes:
    """Byte planes, without the high ones that are zero all through."""
    import numpy as np

    planes = np.ascontiguousarray(words).view(np.uint8).reshape(-1, 8).T
    used = (int(words.max(initial=0)).bit_length() + 7) // 8
    return bytes([used]) + planes[:used].tobytes()


def _unpack(item: _Item, plain: bytes) -> Stream:
    import numpy as np

    mask, body = plain[: item.mask], plain[item.mask :]
    planes = np.zeros((8, item.count), dtype=np.uint8)
    used = body[0]
    planes[:used] = (
        np.frombuffer(body, dtype=np.uint8, offset=1).reshape(used, item.count)
        if item.count
        else planes[:used]
    )
    words = np.ascontiguousarray(planes.T).view("<u8").reshape(-1)
    values = (
        words.view("<f8") if item.kind == "d" else _summed(words, max(item.width, 1)) / item.scale
    )
    if mask:
        gaps = np.unpackbits(np.frombuffer(mask, dtype=np.uint8), count=item.count).astype(bool)
        values = np.where(gaps, np.nan, values)
    doubles = memoryview(np.ascontiguousarray(values, dtype="<f8").tobytes()).cast("d")
    lengths = tuple(item.lengths or ()) if item.width == 0 else None
    column = Column(doubles, item.width, lengths)
    return Stream(
        item.type,
        column,
        unit=item.unit,
        name=item.name,
        raw_type=item.raw_type,
        custom=item.custom,
    )


def _summed(words: NDArray[Any], stride: int) -> NDArray[np.int64]:
    import numpy as np

    deltas = (words >> np.uint64(1)).view("<i8") ^ -(words & np.uint64(1)).view("<i8")
    if stride == 1:
        return np.cumsum(deltas)
    return np.cumsum(deltas.reshape(-1, stride), axis=0).reshape(-1)
