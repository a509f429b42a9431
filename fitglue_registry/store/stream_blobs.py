"""Encodes and decodes streams with a codec that is imported when it is first needed.

Together with NumPy and zstandard, the codec takes 100 to 120 ms to import. A list of activities and
a sync that finds nothing new read no streams, and do not pay for it. The alternative would be to
pass the codec to every function that stores or reads an activity, even one without streams.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.model import Stream


def encode_blob(streams: Sequence[Stream]) -> bytes:
    """Return all streams of one source activity as one blob."""
    from fitglue_registry.store.stream_codec import encode_streams

    return encode_streams(streams)


def decode_blob(blob: bytes, types: Sequence[str] | None = None) -> tuple[Stream, ...]:
    """Return the streams of a blob, all or those in ``types``; raise ``ValueError`` if damaged."""
    from fitglue_registry.store.stream_codec import decode_streams

    return decode_streams(blob, types)
