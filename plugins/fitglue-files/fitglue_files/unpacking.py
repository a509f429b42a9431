"""Unpacks files that are packed singly, as gzip."""

from __future__ import annotations

import gzip
import io
import zlib

from fitglue_files import limits
from fitglue_files.refusals import refusal, too_large

GZIP = b"\x1f\x8b"
#: So many bytes tell what kind of file it is.
HEAD = 4096


def unpack(content: bytes, where: str) -> bytes:
    """The content of a file, whether it is a gzip or not; raises ``RecordRefused``."""
    if not content.startswith(GZIP):
        return content
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            unpacked = packed.read(limits.LARGEST + 1)
    except (zlib.error, OSError, EOFError) as error:
        raise refusal(
            "FG-file-broken",
            where,
            f"it is a broken gzip: {error}",
            fix="export it again",
        ) from error
    if len(unpacked) > limits.LARGEST:
        raise too_large(where)
    return unpacked


def unpack_head(content: bytes) -> bytes:
    """The first bytes of what a gzip holds, or none where they cannot be read."""
    if not content.startswith(GZIP):
        return content
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        return decompressor.decompress(content, HEAD)
    except zlib.error:
        return b""
