"""Tests that a compressed value in a foreign database cannot take more memory than it states."""

from __future__ import annotations

import struct
import tracemalloc

import msgspec
import pytest
import zstandard

from fitglue_registry.errors import StoreFailed
from fitglue_registry.model.stored import Packing, Wire
from fitglue_registry.store.blobs import MemoryBlobStore
from fitglue_registry.store.packing import Packed, unpack
from fitglue_registry.store.stream_codec import decode_streams
from fitglue_registry.store.zstd_frames import decompress_frame

BOMB = zstandard.ZstdCompressor().compress(bytes(300_000_000))


@pytest.fixture(autouse=True)
def _little_memory():
    """Fail if a test allocates more than 20 MB."""
    tracemalloc.start()
    yield
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20_000_000


def test_a_frame_is_decompressed_up_to_its_limit():
    """Content of exactly the largest size is returned."""
    frame = zstandard.ZstdCompressor().compress(b"seven b")
    assert decompress_frame(zstandard.ZstdDecompressor(), frame, 7) == b"seven b"


@pytest.mark.parametrize("states_size", [True, False])
def test_a_frame_of_more_bytes_is_refused(states_size):
    """Larger content is an error, whether the frame states its size or not."""
    compressor = zstandard.ZstdCompressor(write_content_size=states_size)
    frame = compressor.compress(bytes(1000))
    with pytest.raises(zstandard.ZstdError):
        decompress_frame(zstandard.ZstdDecompressor(), frame, 999)


@pytest.mark.parametrize("size", [1000, 1 << 40])
def test_a_raw_part_that_is_a_bomb_is_damaged(size):
    """A raw part that would unpack to more than its row states, or to more than any part has, is
    reported as damaged.
    """
    packed = Packed("0" * 64, Wire.IDENTITY, Packing.ZSTD, BOMB, size)
    with pytest.raises(StoreFailed, match="FG-raw-damaged"):
        unpack(packed, dictionary=None, blobs=MemoryBlobStore())


@pytest.mark.parametrize("count", [10, 1 << 40])
def test_streams_that_are_a_bomb_are_damaged(count):
    """Streams that would unpack to more than their number of values are reported as damaged."""
    item = {"type": "watts", "width": 1, "count": count, "size": len(BOMB), "kind": "i"}
    header = msgspec.json.encode([item])
    blob = b"FGS1" + struct.pack("<I", len(header)) + header + BOMB
    with pytest.raises(ValueError, match="the streams are damaged"):
        decode_streams(blob)
