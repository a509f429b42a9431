"""Encodes streams as one compact, lossless blob.

Layout: ``FGS1``, the length of the header (4 bytes, little endian), the header (a JSON array with
one object per stream), and one zstd frame per stream in the same order. A frame contains numbers as
``stream_numbers.py`` packs them. One frame per stream lets a reader decompress a single channel.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Literal

import msgspec
import zstandard

from fitglue_registry.model import Column, Stream
from fitglue_registry.store.stream_numbers import PackedNumbers, pack_numbers, unpack_numbers
from fitglue_registry.store.zstd_frames import decompress_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAGIC = b"FGS1"  # the digit is the version of the layout
_LEVEL = 3  # zstd's own default
_LARGEST_NUMBER = 8  # bytes of a number in a frame, at most
# Bytes of the largest frame that is read: eight million numbers. Ten values per second for a whole
# day are a tenth of that.
_LARGEST_FRAME = 64_000_000


class _Item(msgspec.Struct, omit_defaults=True):
    """The description of one stream in the header."""

    type: str
    width: int  # numbers per sample; 0: it varies, see ``lengths``
    count: int  # numbers in the frame
    size: int  # bytes of the compressed frame
    kind: Literal["i", "d"]  # scaled integers, doubles
    scale: float = 1.0
    mask: int = 0  # bytes of the mask of gaps at the start of the decompressed frame; 0: no gaps
    lengths: list[int] | None = None  # numbers in each sample, if the width is 0
    unit: str | None = None
    name: str | None = None
    raw_type: str | None = None
    custom: bool = False


def encode_streams(streams: Sequence[Stream]) -> bytes:
    """Return all streams of one source activity as one blob."""
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
        # msgspec omits a float that equals the default only if it is the same object.
        if packed.scale != item.scale:
            item.scale = packed.scale
        items.append(item)
        frames.append(frame)
    header = msgspec.json.encode(items)
    length = struct.pack("<I", len(header))
    return b"".join((_MAGIC, length, header, *frames))


def decode_streams(blob: bytes, types: Sequence[str] | None = None) -> tuple[Stream, ...]:
    """Return the streams of a blob.

    Args:
        blob: What ``encode_streams`` returned.
        types: The channels to decode; all if omitted.

    Raises:
        ValueError: The blob is damaged, was made by a newer version, or is something else.
    """
    if blob[:4] != _MAGIC:
        raise ValueError("the blob contains no streams, or streams of a newer version")
    decompressor = zstandard.ZstdDecompressor()
    streams = []
    try:
        start = 8 + struct.unpack("<I", blob[4:8])[0]
        items = msgspec.json.decode(blob[8:start], type=list[_Item])
        for item in items:
            end = start + item.size
            if types is None or item.type in types:
                most = min(item.count * _LARGEST_NUMBER + item.mask + 1, _LARGEST_FRAME)
                plain = decompress_frame(decompressor, blob[start:end], most)
                streams.append(_unpack(item, plain))
            start = end
    # A flipped bit in a size or a count can ask for more memory than there is.
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
