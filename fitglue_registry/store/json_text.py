"""Values as JSON texts that every database takes."""

from __future__ import annotations

import json
from typing import Any


def json_text(value: Any) -> str:
    """A value as JSON that can be read again, also where a message quotes a lone surrogate from
    somebody's payload.
    """
    return (
        json.dumps(
            value,
            ensure_ascii=False,
            separators=(",", ":"),
        )
        .encode(errors="replace")
        .decode()
    )
