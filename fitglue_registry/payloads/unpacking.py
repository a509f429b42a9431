"""Unpacking of compressed bodies up to a maximum size, a piece at a time."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from typing import Any

from fitglue_registry.payloads.limits import (
    LARGEST_BODY,
    MOST_MEMBERS,
    BeyondLimits,
    TooManyMembers,
)

# The same interface as zlib and two and a half times as fast, if a plugin depends on it.
try:
    from isal import isal_zlib
except ImportError:
    _CODEC: Any = zlib
else:
    _CODEC = isal_zlib

#: How many bytes are given to the decompressor at once. It copies what follows the end of a member,
#: so this bounds the cost of each member.
_PIECE = 1 << 16
#: How many bytes the decompressor returns at once.
_STEP = 1 << 20
_GZIP = 31  # the ``wbits`` of zlib for data with a gzip header
_ZEROS = re.compile(rb"\0*+")


class DamagedPayload(gzip.BadGzipFile):
    """Raised if compressed bytes cannot be unpacked; its text ends "it cannot be read: …"."""


def unpack_gzip(content: bytes, largest: int = LARGEST_BODY) -> bytes:
    """Return the content of all members of a gzip body.

    Args:
        content: The compressed bytes, which zeros may follow: some servers pad a body.
        largest: The largest allowed size of the unpacked bytes.

    Raises:
        BeyondLimits: The body unpacks to more, or (``TooManyMembers``) has too many members; the
            rest of it is not unpacked.
        DamagedPayload: The body is no gzip, is damaged, or ends too early.
    """
    unpacked = io.BytesIO()
    position = 0
    members = 0
    while position < len(content):
        members += 1
        if members > MOST_MEMBERS:
            raise TooManyMembers
        member = _CODEC.decompressobj(wbits=_GZIP)
        end = _unpack_member(member, content, position, (unpacked, largest))
        position = _after_zeros(content, end)
    return unpacked.getvalue()


def unpack_deflate(content: bytes, largest: int = LARGEST_BODY) -> bytes:
    """Return the content of a ``deflate`` body.

    RFC 9110 (8.4.1.2) defines it as zlib data, but some servers send it without the zlib header.

    Args:
        content: The compressed bytes.
        largest: The largest allowed size of the unpacked bytes.

    Raises:
        BeyondLimits: The body unpacks to more; the rest of it is not unpacked.
        DamagedPayload: The body is damaged, or ends too early.
    """
    try:
        return _inflate(zlib.decompressobj(), content, largest)
    except DamagedPayload:
        return _inflate(zlib.decompressobj(wbits=-zlib.MAX_WBITS), content, largest)


def _inflate(stream: Any, content: bytes, largest: int) -> bytes:
    unpacked = io.BytesIO()
    _unpack_member(stream, content, 0, (unpacked, largest))
    return unpacked.getvalue()


def _unpack_member(
    stream: Any,
    content: bytes,
    position: int,
    into: tuple[io.BytesIO, int],
) -> int:
    """Unpack the member that begins at a position, and return the position after it.

    Args:
        stream: The decompressor of this member.
        content: The compressed bytes.
        position: Where the member begins.
        into: What the unpacked bytes are appended to, and how many it may have.
    """
    view = memoryview(content)
    while not stream.eof:
        piece = view[position : position + _PIECE]
        if not piece:
            raise DamagedPayload("its compressed bytes end too early")
        position += len(piece)
        _unpack_piece(stream, piece, into)
    return position - len(stream.unused_data)


def _unpack_piece(
    stream: Any,
    piece: memoryview,
    into: tuple[io.BytesIO, int],
) -> None:
    unpacked, largest = into
    remaining: bytes | memoryview = piece
    while True:
        try:
            step = stream.decompress(remaining, _STEP)
        except (zlib.error, _CODEC.error) as error:
            raise DamagedPayload(f"its compressed bytes are damaged: {error}") from None
        unpacked.write(step)
        if unpacked.tell() > largest:
            raise BeyondLimits(f"it unpacks to more than {largest:,} bytes")
        remaining = stream.unconsumed_tail
        # A full step may mean that more output is waiting, although all input is consumed.
        if stream.eof or (not remaining and len(step) < _STEP):
            return


def _after_zeros(content: bytes, position: int) -> int:
    """Return the position of the next byte that is not zero."""
    zeros = _ZEROS.match(content, position)
    assert zeros is not None  # the pattern matches the empty text
    return zeros.end()
