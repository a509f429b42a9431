"""Where a track is interrupted: after a pause, and where the way between two points is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fitglue_formats.figures import meters_between
from fitglue_formats.writing.pauses import pauses_of

if TYPE_CHECKING:
    from fitglue_formats.writing.samples import Samples
    from fitglue_registry.model import SourceActivity

#: Two points that are farther apart than the distance between them by more than this were not
#: connected. Positions are known to some meters.
_JUMP_M = 100.0


def pause_ends(
    activity: SourceActivity,
    samples: Samples,
) -> list[float]:
    """Return when the recording continued after each pause, in seconds after the start."""
    elapsed_s = activity.elapsed_s
    recording_s = activity.recording_s
    if elapsed_s is None or recording_s is None:
        return []
    pauses = pauses_of(
        samples.time.tolist(),
        elapsed_s,
        elapsed_s - recording_s,
    )
    return [pause.started for pause in pauses or ()]


def segment_starts(
    activity: SourceActivity,
    samples: Samples,
) -> list[float]:
    """Return when each segment after the first one begins, in seconds after the start.

    Readers measure the distance along a segment. So a new one also begins where the distance of the
    activity does not contain the way between two points.
    """
    return sorted({*pause_ends(activity, samples), *_jumps(samples)})


def _jumps(samples: Samples) -> list[float]:
    distances = samples.channels.get("distance")
    if distances is None or samples.latitudes is None or samples.longitudes is None:
        return []
    is_usable = ~np.isnan(samples.latitudes) & ~np.isnan(distances)
    rows = np.flatnonzero(is_usable)
    if len(rows) < 2:
        return []
    apart = meters_between(samples.latitudes[rows], samples.longitudes[rows])
    covered = np.diff(distances[rows])
    after = np.flatnonzero(apart - covered > _JUMP_M) + 1
    starts: list[float] = samples.time[rows[after]].tolist()
    return starts
