"""Encodes values as JSON texts that every database accepts."""

from __future__ import annotations

import json
from typing import Any


def json_text(value: Any) -> str:
    """Return a value as JSON text.

    A lone surrogate, which the message of an error may quote from a payload, becomes a question
    mark.
    """
    # Not msgspec, which raises an error for a lone surrogate.
    return (
        json.dumps(
            value,
            ensure_ascii=False,
            separators=(",", ":"),
        )
        .encode(errors="replace")
        .decode()
    )
