"""Unpacking of single files that are compressed with gzip."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import TYPE_CHECKING

from fitglue_files import limits
from fitglue_files.refusals import refusal, too_large
from fitglue_registry.payloads import GZIP

if TYPE_CHECKING:
    from fitglue_registry.errors import RecordRefused

#: The number of bytes that show the format of a file.
HEAD = 4096
#: How many bytes are unpacked at a time.
_PIECE = 1 << 20


def unpack(content: bytes, where: str) -> bytes:
    """Return the content of a file, unpacked if it is a gzip.

    Raises:
        RecordRefused: If the gzip is damaged, or its content is too large.
    """
    if not content.startswith(GZIP):
        return content
    try:
        unpacked = _unpacked(content)
    except EOFError as error:
        raise _cut_off(where) from error
    except (zlib.error, OSError) as error:
        raise _damaged(where) from error
    if len(unpacked) > limits.LARGEST:
        raise too_large(where)
    return unpacked


def _unpacked(content: bytes) -> bytes:
    """Return what a gzip contains, or a little more than the limit of it.

    Its size is limited while it is unpacked, because a gzip does not reliably state it.
    """
    # Its value is not copied, so that a large file is in memory only once.
    unpacked = io.BytesIO()
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
        while unpacked.tell() <= limits.LARGEST:
            piece = packed.read(_PIECE)
            if not piece:
                break
            unpacked.write(piece)
    return unpacked.getvalue()


def _cut_off(where: str) -> RecordRefused:
    return refusal(
        "FG-file-broken",
        where,
        "the compressed file is cut off before its end, as after an interrupted download or copy",
        fix="copy or download it again",
    )


def _damaged(where: str) -> RecordRefused:
    return refusal(
        "FG-file-broken",
        where,
        "it is compressed with gzip, and what it contains is damaged",
        fix="copy or download it again",
    )


def unpack_head(content: bytes) -> bytes:
    """Return the first bytes of a file, unpacked if they are those of a gzip; empty if it is
    damaged.
    """
    if not content.startswith(GZIP):
        return content
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        return decompressor.decompress(content, HEAD)
    except zlib.error:
        return b""
