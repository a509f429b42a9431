"""What follows from the streams of a recording, or of a part of it, by the rules for tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fitglue_formats.figures import Track, climb, movement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fitglue_formats.array_types import Floats
    from fitglue_registry.model import Stream


def figures_of_streams(streams: Iterable[Stream]) -> dict[str, float]:
    """Return ascent, descent and highest speed of the samples, as fields of the model.

    They are computed as for a track without a summary. What the samples do not show is left out.

    Args:
        streams: The streams of a workout, with ``time``.
    """
    samples: dict[str, list[Any]] = {stream.type: stream.values.to_list() for stream in streams}
    times = _floats(samples.get("time", ()))
    gaps = [None] * len(times)
    positions = samples.get("latlng", gaps)
    track = Track(
        times,
        _floats([place and place[0] for place in positions]),
        _floats([place and place[1] for place in positions]),
        _floats(samples.get("altitude", gaps)),
        np.zeros(len(times), dtype=np.intp),
    )
    figures = climb(track)
    highest = movement(track).fields.get("max_speed_mps")
    if highest is not None:
        figures["max_speed_mps"] = highest
    return figures


def _floats(values: Sequence[float | None]) -> Floats:
    """Return values as an array, with NaN for what is missing."""
    return np.array(values, dtype=np.float64)
