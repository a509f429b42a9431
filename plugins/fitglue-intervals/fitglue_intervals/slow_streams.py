"""A reader of streams that uses the standard library, which accepts NaN and broken characters."""

from __future__ import annotations

from typing import Any

from fitglue_intervals.channels import LARGEST_STREAMS, MOST_SAMPLES, Channel
from fitglue_registry.payloads import decode_leniently


def read_slowly(content: bytes) -> list[Channel]:
    """Return the channels of a response.

    Raises:
        BeyondLimits: If the content has too many samples or levels.
        ValueError: If the content is not a JSON list of objects.
    """
    document = decode_leniently(
        content,
        largest=LARGEST_STREAMS,
        most_values=MOST_SAMPLES,
        errors="replace",
    )
    if not isinstance(document, list) or not all(isinstance(item, dict) for item in document):
        raise ValueError("it is not a list of streams")
    return [_channel(item) for item in document]


def _channel(item: dict[str, Any]) -> Channel:
    """Return one channel; values that are lists or objects are not part of its outline."""
    outline = {key: value for key, value in item.items() if not isinstance(value, list | dict)}
    return Channel(
        outline,
        _listed(item.get("data")),
        _listed(item.get("data2")),
    )


def _listed(value: Any) -> list[Any] | None:
    return value if isinstance(value, list) else None
