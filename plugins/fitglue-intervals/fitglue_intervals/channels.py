"""One stream as it was read from JSON, before its samples become a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from fitglue_registry.payloads import MOST_NUMBERS

#: The fast reader gives doubles, with NaN for gaps; a list holds any JSON values.
Samples: TypeAlias = "memoryview[float] | list[Any]"


#: Bytes of a response of streams. A recording of 100 hours with eleven streams has 25 MB.
LARGEST_STREAMS = 32_000_000
#: Samples of one channel, whose stream may consist of pairs.
MOST_SAMPLES = 2 * MOST_NUMBERS
#: Keys of one channel. The API has about ten.
MOST_KEYS = 100


@dataclass(frozen=True, slots=True)
class Channel:
    """The samples of one stream, and its other keys.

    ``data2`` is the second list of a stream with two values per sample: the longitudes of
    ``latlng``.
    """

    outline: dict[str, Any]  # every key but the samples
    data: Samples | None
    data2: Samples | None
