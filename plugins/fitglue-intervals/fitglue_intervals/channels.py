"""One stream as it was read from JSON, before its samples are a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

Samples: TypeAlias = "memoryview[float] | list[Any]"


@dataclass(frozen=True, slots=True)
class Channel:
    """The samples of one stream, and its other keys."""

    outline: dict[str, Any]  # every key but the samples
    data: Samples | None
    data2: Samples | None
