"""Streams as blobs, with a codec that is imported when the first blob is written or read.

With NumPy and zstandard the codec takes 110 ms to import: a list of activities and a sync that
finds nothing new, which need no streams, go without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.model import Stream


def encode_blob(streams: Sequence[Stream]) -> bytes:
    """All streams of one source activity as one blob."""
    from fitglue_registry.store.stream_codec import encode_streams

    return encode_streams(streams)


def decode_blob(blob: bytes, types: Sequence[str] | None = None) -> tuple[Stream, ...]:
    """The streams of a blob, all or those named; raises ``ValueError`` for a damaged one."""
    from fitglue_registry.store.stream_codec import decode_streams

    return decode_streams(blob, types)
