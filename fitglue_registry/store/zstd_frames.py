"""Decompresses a zstd frame into at most a given number of bytes."""

from __future__ import annotations

import zstandard


def decompress_frame(
    decompressor: zstandard.ZstdDecompressor,
    frame: bytes,
    most: int,
) -> bytes:
    """Return the content of a frame.

    Args:
        decompressor: The decompressor, with the dictionary of the frame.
        frame: The frame, which may come from a damaged or foreign database.
        most: The largest number of bytes that the content may have.

    Raises:
        zstandard.ZstdError: The frame is damaged or its content is larger.
    """
    # If a frame states its size, ``max_output_size`` has no effect: zstandard then allocates as
    # much memory as the frame asks for.
    stated = zstandard.frame_content_size(frame)
    if stated > most:
        raise zstandard.ZstdError(f"it would have {stated:,} bytes instead of {most:,}")
    return decompressor.decompress(frame, max_output_size=most)
