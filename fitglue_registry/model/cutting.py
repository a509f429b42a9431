"""Cuts the streams and the laps of a recording to the segment that a crop left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.model.column import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.model.details import Lap
    from fitglue_registry.model.streams import Stream


@dataclass(frozen=True, slots=True)
class Extent:
    """The segment of a recording that is left, in seconds since the start of the recording.

    Attributes:
        start_s: The beginning.
        end_s: The end, which is included.
    """

    start_s: float
    end_s: float

    def contains(self, start_s: float, end_s: float) -> bool:
        """Return whether a segment is completely inside."""
        return self.start_s <= start_s and end_s <= self.end_s


def cut_streams(streams: Sequence[Stream], extent: Extent) -> tuple[Stream, ...]:
    """Return the samples of streams that are left; time and distance begin with 0 again.

    Args:
        streams: All streams of a recording, or some of them with ``time``.
        extent: The segment that is left.

    Returns:
        The streams, or an empty tuple if no sample is left.
    """
    kept = _kept(streams, extent)
    if not kept:
        return ()
    return tuple(_cut(stream, kept, extent) for stream in streams)


def cut_laps(
    laps: Sequence[Lap],
    streams: Sequence[Stream],
    extent: Extent,
) -> tuple[Lap, ...]:
    """Return the laps that are completely inside, relative to the new start.

    A lap that was cut has values that no longer hold, so it is left out.

    Args:
        laps: The laps of a recording.
        streams: Its streams, into which the indices of the laps point.
        extent: The segment that is left.
    """
    kept = _kept(streams, extent)
    inside = []
    for lap in laps:
        if lap.start_s is None or lap.elapsed_s is None:
            continue
        if not extent.contains(lap.start_s, lap.start_s + lap.elapsed_s):
            continue
        moved = msgspec.structs.replace(
            lap,
            start_s=lap.start_s - extent.start_s,
            start_index=_moved(lap.start_index, kept),
            end_index=_moved(lap.end_index, kept),
        )
        inside.append(moved)
    return tuple(inside)


def moved_streams(
    streams: Sequence[Stream],
    seconds: float,
) -> tuple[Stream, ...]:
    """Return streams whose times are later by some seconds, because they count from another start.

    Args:
        streams: The streams of a recording.
        seconds: By how much later the recording began than the activity.
    """
    if not seconds:
        return tuple(streams)
    moved = []
    for stream in streams:
        if stream.type == "time":
            times: list[Any] = stream.values.to_list()
            later = [None if time is None else time + seconds for time in times]
            stream = msgspec.structs.replace(stream, values=Column.of(later))
        moved.append(stream)
    return tuple(moved)


def _kept(streams: Sequence[Stream], extent: Extent) -> range:
    """Return the indices of the samples that are left."""
    times: list[Any] = []
    for stream in streams:
        if stream.type == "time":
            times = stream.values.to_list()
    inside = []
    for index, time in enumerate(times):
        if time is not None and extent.contains(time, time):
            inside.append(index)
    if not inside:
        return range(0)
    return range(inside[0], inside[-1] + 1)


def _cut(
    stream: Stream,
    kept: range,
    extent: Extent,
) -> Stream:
    """Return the samples of one stream that are left."""
    values = stream.values.to_list()[kept.start : kept.stop]
    start: Any = 0
    if stream.type == "time":
        start = extent.start_s
    elif stream.type == "distance":
        start = next((value for value in values if value is not None), 0)
    if start:
        values = [None if value is None else max(value - start, 0.0) for value in values]
    return msgspec.structs.replace(stream, values=Column.from_list(values))


def _moved(index: int | None, kept: range) -> int | None:
    """Convert an index into the complete samples to one into the samples that are left."""
    if index is None or not kept:
        return None
    return min(max(index - kept.start, 0), len(kept))
