"""One stream as it was read from JSON, before its samples become a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

#: The fast reader gives doubles, with NaN for gaps; a list holds any JSON values.
Samples: TypeAlias = "memoryview[float] | list[Any]"


@dataclass(frozen=True, slots=True)
class Channel:
    """The samples of one stream, and its other keys.

    ``data2`` is the second list of a stream with two values per sample: the longitudes of
    ``latlng``.
    """

    outline: dict[str, Any]  # every key but the samples
    data: Samples | None
    data2: Samples | None
