"""What follows from the streams of a recording, or of a part of it, by the rules for tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fitglue_formats.figures import Track, climb, movement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fitglue_formats.array_types import Floats
    from fitglue_registry.model import Stream

_NOWHERE = (None, None)


def figures_of_streams(streams: Iterable[Stream]) -> dict[str, float]:
    """Return ascent, descent and highest speed of the samples, as fields of the model.

    They are computed as for a track without a summary. What the samples do not show is left out.

    Args:
        streams: The streams of a workout, with ``time``.
    """
    samples: dict[str, list[Any]] = {}
    for stream in streams:
        samples[stream.type] = stream.values.to_list()
    track = _track(samples)
    figures = climb(track)
    highest = movement(track).fields.get("max_speed_mps")
    if highest is not None:
        figures["max_speed_mps"] = highest
    return figures


def _track(samples: dict[str, list[Any]]) -> Track:
    """Return the samples as a track of one segment; what is missing is NaN."""
    times = samples["time"]
    gaps = [None] * len(times)
    latitudes = []
    longitudes = []
    for place in samples.get("latlng", gaps):
        latitude, longitude = place or _NOWHERE
        latitudes.append(latitude)
        longitudes.append(longitude)
    segments = np.zeros(
        len(times),
        dtype=np.int32,
    )
    return Track(
        times=_floats(times),
        latitudes=_floats(latitudes),
        longitudes=_floats(longitudes),
        altitudes=_floats(samples.get("altitude", gaps)),
        segments=segments,
    )


def _floats(values: Sequence[float | None]) -> Floats:
    """Return values as an array, with NaN for what is missing."""
    return np.array(
        values,
        dtype=np.float64,
    )
