"""Alignment of the streams and laps of an original file with the samples of the activity.

The API's streams and those of the file may begin at different times and have different sampling
rates, but one activity has one time base. A sample of the file is moved to the activity's sample of
the same moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from fitglue_registry.model import Column, Lap, SourceActivity, Stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]
    Times = NDArray[np.float64]

#: If a smaller share of the samples than this has a partner in the file, the times do not match.
_ALIGNED = 0.5
#: Half of the 1 s between samples: within it, at most one sample of a 1 Hz file is the partner.
_SAME_MOMENT_S = 0.5


def aligned_streams(activity: SourceActivity, leg: SourceActivity) -> list[Stream]:
    """Return the streams that only the file has, aligned with those of the activity.

    If the activity has no streams, all streams of the file are returned unchanged; if the times do
    not match, none are.

    Args:
        activity: The activity with the streams of the API.
        leg: The session of the file that is this activity.
    """
    if not activity.streams:
        return list(leg.streams)
    present = {stream.type for stream in activity.streams} | {"time"}
    others = [stream for stream in leg.streams if stream.type not in present]
    # `_rows` searches all samples, which is not needed for a file that adds no stream.
    rows = _rows(activity, leg) if others else None
    if rows is None:
        return []
    streams = []
    for stream in others:
        column = _moved(stream.values, rows)
        if column is not None:
            streams.append(msgspec.structs.replace(stream, values=column))
    return streams


def aligned_laps(activity: SourceActivity, leg: SourceActivity) -> list[Lap]:
    """Return the laps and lengths of the device, with their positions in the activity's samples.

    If the activity has such laps already, none are returned. Detected intervals do not count:
    documented, they are efforts found in the samples, and the device's laps are only in the file.
    """
    if any(lap.kind != "interval" for lap in activity.laps):
        return []
    times = _times(leg)
    shift_s = 0.0
    if activity.streams:
        times = _times(activity)
        shift_s = _shift_s(activity, leg)
    return [_moved_lap(lap, times, shift_s) for lap in leg.laps]


def _times(activity: SourceActivity) -> Times | None:
    """Return the times of the samples in seconds since the start, or None if there are none."""
    for stream in activity.streams:
        if stream.type == "time" and len(stream.values):
            return np.frombuffer(stream.values.doubles, dtype=np.float64)
    return None


def _shift_s(activity: SourceActivity, leg: SourceActivity) -> float:
    """Return by how many seconds the activity begins later than its file.

    An activity that was trimmed on the site begins later than its original upload.
    """
    if activity.start_utc is None or leg.start_utc is None:
        return 0.0
    return (activity.start_utc - leg.start_utc).total_seconds()


def _rows(activity: SourceActivity, leg: SourceActivity) -> Rows | None:
    """Return for each sample of the activity the row of the file at the same moment, or -1.

    None is returned if most samples have no such row: the file is then of another recording.
    """
    ours = _times(activity)
    theirs = _times(leg)
    if ours is None or theirs is None:
        return None
    wanted = ours + _shift_s(activity, leg)
    after = np.clip(
        np.searchsorted(theirs, wanted - _SAME_MOMENT_S),
        0,
        len(theirs) - 1,
    )
    rows = np.where(
        np.abs(theirs[after] - wanted) <= _SAME_MOMENT_S,
        after,
        -1,
    )
    if (rows >= 0).mean() < _ALIGNED:
        return None
    return rows


def _moved(column: Column, rows: Rows) -> Column | None:
    """Return a column of the file aligned with the activity, or None if only gaps remain.

    Args:
        column: The samples of the file.
        rows: The row of the file for each sample of the activity, or -1.
    """
    if column.width == 0:
        return _moved_lists(column, rows)
    # A row of -1 indexes the last sample; `where` replaces what it picks by NaN, the gap.
    doubles = np.frombuffer(column.doubles, dtype=np.float64).reshape(-1, column.width)
    moved = np.where((rows >= 0)[:, None], doubles[rows], np.nan)
    if np.isnan(moved).all():
        return None
    flat = np.ascontiguousarray(moved).reshape(-1)
    return Column(memoryview(flat.data).cast("B").cast("d"), column.width)


def _moved_lists(column: Column, rows: Rows) -> Column | None:
    """Return a column of lists, such as the times between heart beats, aligned in the same way."""
    lists = list(column)
    samples: list[Any] = []
    for row in rows:
        samples.append(lists[row] if row >= 0 else None)
    if all(sample is None for sample in samples):
        return None
    return Column.lists(samples)


def _moved_lap(lap: Lap, times: Times | None, shift_s: float) -> Lap:
    """Return a lap whose start and sample indexes are those of the activity."""
    if lap.start_s is None:
        return msgspec.structs.replace(
            lap,
            start_s=None,
            start_index=None,
            end_index=None,
        )
    start_s = lap.start_s - shift_s
    first = last = None
    if times is not None and lap.elapsed_s is not None:
        # A lap of less than a second still covers the sample at its start.
        low, high = np.searchsorted(times, [start_s, start_s + max(lap.elapsed_s, 1.0)])
        if high > low:
            first = int(low)
            last = int(high)
    return msgspec.structs.replace(
        lap,
        start_s=start_s,
        start_index=first,
        end_index=last,
    )
