"""Tests that compressed bytes are unpacked up to a size, in time in proportion to their number."""

from __future__ import annotations

import contextlib
import gzip
import time
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fitglue_registry.payloads import (
    BeyondLimits,
    DamagedPayload,
    TooManyMembers,
    unpack_deflate,
    unpack_gzip,
    unpacking,
)

# Without the time, so that the names of the tests are the same in every process that collects them.
EMPTY = gzip.compress(b"", mtime=0)
SOME = gzip.compress(b"some content", mtime=0)
MOST_S = 10.0


@pytest.fixture(params=[zlib, unpacking._CODEC], ids=["zlib", "quickest"], autouse=True)
def codec(request, monkeypatch):
    """Use each of the libraries that can unpack gzip."""
    monkeypatch.setattr(unpacking, "_CODEC", request.param)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5), st.integers(0, 3))
def test_all_members_are_unpacked(contents, zeros):
    """The content of a gzip is that of all its members, without zeros at its end."""
    content = b"".join(map(gzip.compress, contents)) + bytes(zeros)
    assert unpack_gzip(content) == b"".join(contents)


@pytest.mark.parametrize("size", [0, 1, 65_536, 1 << 20, (1 << 20) + 1, 5_000_000])
def test_content_of_any_size_is_unpacked_completely(size):
    """Content that takes several steps is unpacked to its last byte, also at the edge of a step."""
    plain = bytes(size)
    assert unpack_gzip(gzip.compress(plain), size) == plain
    assert unpack_deflate(zlib.compress(plain), size) == plain
    if size:
        with pytest.raises(BeyondLimits, match="unpacks to more"):
            unpack_gzip(gzip.compress(plain), size - 1)


def test_members_after_one_another_share_the_limit():
    """The limit holds for the content of all members together."""
    with pytest.raises(BeyondLimits, match="more than 1,500,000 bytes"):
        unpack_gzip(gzip.compress(bytes(1_000_000)) * 2, 1_500_000)


@pytest.mark.parametrize(
    "make",
    [
        lambda: gzip.compress(bytes(100_000_000), 1),
        lambda: gzip.compress(bytes(1_000_000)) * 200,
        lambda: zlib.compress(bytes(100_000_000), 1),
    ],
    ids=["one member", "many members", "deflate"],
)
def test_a_bomb_is_not_unpacked_beyond_its_limit(make):
    """A small body that unpacks to gigabytes takes the memory of its limit and no more."""
    content = make()
    unpack = unpack_gzip if content.startswith(b"\x1f\x8b") else unpack_deflate
    tracemalloc.start()
    with pytest.raises(BeyondLimits, match="unpacks to more"):
        unpack(content, 2_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000


@pytest.mark.parametrize("piece", [EMPTY, EMPTY + bytes(40)], ids=["empty", "padded"])
def test_members_without_content_are_read_in_linear_time(piece):
    """A gzip of thousands of empty members is read, and one of more than ten thousand refused."""
    assert unpack_gzip(piece * 5_000 + gzip.compress(b"end")) == b"end"
    began = time.monotonic()
    with pytest.raises(TooManyMembers, match="more than 10,000 pieces"):
        unpack_gzip(piece * 300_000)
    assert time.monotonic() - began < MOST_S


@pytest.mark.parametrize(
    "content",
    [
        b"plain",
        b"\x1f\x8b",
        SOME[:-1],
        SOME[:-9] + b"12345678",
        EMPTY + b"garbage",
        EMPTY + EMPTY[:5],
    ],
)
def test_damaged_bytes_are_refused(content):
    """Bytes that are no gzip, are damaged, or end too early raise one kind of error."""
    with pytest.raises(DamagedPayload, match="compressed bytes"):
        unpack_gzip(content)


@given(st.binary(max_size=60), st.integers(0, 40), st.binary(max_size=3))
def test_any_bytes_are_unpacked_or_refused(content, position, change):
    """Bytes of any kind raise no other error."""
    packed = bytearray(gzip.compress(content))
    packed[position : position + len(change)] = change
    for unpack in (unpack_gzip, unpack_deflate):
        with contextlib.suppress(DamagedPayload, BeyondLimits):
            unpack(bytes(packed))
