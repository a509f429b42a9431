"""Puts the streams and laps of an original file on the clock of the activity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from fitglue_registry.model import Column, Lap, SourceActivity, Stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]
    Times = NDArray[np.float64]

#: Of fewer samples than this with a partner in the file, the two do not belong together.
_ALIGNED = 0.5
_SAME_MOMENT_S = 0.5


def aligned_streams(activity: SourceActivity, leg: SourceActivity) -> list[Stream]:
    """The channels that only the file has, on the clock of those that are there; all of them where
    there is none.
    """
    if not activity.streams:
        return list(leg.streams)
    present = {stream.type for stream in activity.streams} | {"time"}
    others = [stream for stream in leg.streams if stream.type not in present]
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
    """The laps and lengths of the device, which are no intervals that the source detected; their
    place is in the activity's samples.
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
    for stream in activity.streams:
        if stream.type == "time" and len(stream.values):
            return np.frombuffer(stream.values.doubles, dtype=np.float64)
    return None


def _shift_s(activity: SourceActivity, leg: SourceActivity) -> float:
    """How much later the activity begins than its file."""
    if activity.start_utc is None or leg.start_utc is None:
        return 0.0
    return (activity.start_utc - leg.start_utc).total_seconds()


def _rows(activity: SourceActivity, leg: SourceActivity) -> Rows | None:
    """For each sample of the activity the row of the file that was taken in its moment, or -1;
    ``None`` where most have none.
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
    """A column of the file on the clock of the activity; ``None`` where nothing of it is left."""
    if column.width == 0:
        return _moved_lists(column, rows)
    doubles = np.frombuffer(column.doubles, dtype=np.float64).reshape(-1, column.width)
    moved = np.where((rows >= 0)[:, None], doubles[rows], np.nan)
    if np.isnan(moved).all():
        return None
    flat = np.ascontiguousarray(moved).reshape(-1)
    return Column(memoryview(flat.data).cast("B").cast("d"), column.width)


def _moved_lists(column: Column, rows: Rows) -> Column | None:
    lists = list(column)
    samples: list[Any] = []
    for row in rows:
        samples.append(lists[row] if row >= 0 else None)
    if all(sample is None for sample in samples):
        return None
    return Column.lists(samples)


def _moved_lap(lap: Lap, times: Times | None, shift_s: float) -> Lap:
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
