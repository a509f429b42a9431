"""Unpacking of single files that are compressed with gzip."""

from __future__ import annotations

import gzip
import io
import zlib

from fitglue_files import limits
from fitglue_files.refusals import refusal, too_large
from fitglue_registry.payloads import GZIP

#: The number of bytes that show the format of a file.
HEAD = 4096


def unpack(content: bytes, where: str) -> bytes:
    """Return the content of a file, unpacked if it is a gzip.

    Raises:
        RecordRefused: If the gzip is damaged, or its content is too large.
    """
    if not content.startswith(GZIP):
        return content
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            # The size is limited while unpacking: a gzip does not reliably state its size.
            unpacked = packed.read(limits.LARGEST + 1)
    except (zlib.error, OSError, EOFError) as error:
        raise refusal(
            "FG-file-broken",
            where,
            f"it is a broken gzip file: {error}",
            fix="export it again",
        ) from error
    if len(unpacked) > limits.LARGEST:
        raise too_large(where)
    return unpacked


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
