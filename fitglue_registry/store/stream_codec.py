"""Streams as one compact, lossless blob: whole numbers at a scale, their differences split into
byte planes, zstd.

Layout: ``FGS1``, length of the header (4 bytes, little endian), header (JSON: one item a stream),
the streams' zstd frames. What is in a frame is described in ``stream_numbers.py``.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Literal

import msgspec
import zstandard

from fitglue_registry.model import Column, Stream
from fitglue_registry.store.stream_numbers import PackedNumbers, pack_numbers, unpack_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAGIC = b"FGS1"
_LEVEL = 3


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
    compressor = zstandard.ZstdCompressor(level=_LEVEL)
    items = []
    frames = []
    for stream in streams:
        column = stream.values
        packed = pack_numbers(column.doubles, max(column.width, 1))
        frame = compressor.compress(packed.plain)
        item = _Item(
            type=stream.type,
            width=column.width,
            count=packed.count,
            size=len(frame),
            kind=packed.kind,
            mask=packed.mask_size,
            lengths=list(column.lengths) if column.lengths else None,
            unit=stream.unit,
            name=stream.name,
            raw_type=stream.raw_type,
            custom=stream.custom,
        )
        # msgspec leaves out a default only where it is the same object.
        if packed.scale != item.scale:
            item.scale = packed.scale
        items.append(item)
        frames.append(frame)
    header = msgspec.json.encode(items)
    length = struct.pack("<I", len(header))
    return b"".join((_MAGIC, length, header, *frames))


def decode_streams(blob: bytes, types: Sequence[str] | None = None) -> tuple[Stream, ...]:
    """The streams of a blob, or only those named; raises ``ValueError`` for a blob that is not one
    of ours.
    """
    if blob[:4] != _MAGIC:
        raise ValueError("these are no streams of ours, or of a newer version")
    decompressor = zstandard.ZstdDecompressor()
    streams = []
    try:
        start = 8 + struct.unpack("<I", blob[4:8])[0]
        items = msgspec.json.decode(blob[8:start], type=list[_Item])
        for item in items:
            end = start + item.size
            if types is None or item.type in types:
                plain = decompressor.decompress(blob[start:end])
                streams.append(_unpack(item, plain))
            start = end
    except (struct.error, zstandard.ZstdError, IndexError, ValueError, MemoryError) as error:
        raise ValueError(f"the streams are damaged: {error}") from error
    return tuple(streams)


def _unpack(item: _Item, plain: bytes) -> Stream:
    packed = PackedNumbers(item.kind, item.scale, item.count, item.mask, plain)
    doubles = unpack_numbers(packed, max(item.width, 1))
    lengths = tuple(item.lengths or ()) if item.width == 0 else None
    return Stream(
        item.type,
        Column(doubles, item.width, lengths),
        unit=item.unit,
        name=item.name,
        raw_type=item.raw_type,
        custom=item.custom,
    )
