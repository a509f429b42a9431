"""Crops: the athlete cut off the beginning or the end of a workout at the service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.model import CROPPED_FIELDS, Column, Provenance, SourceActivity, Stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from fitglue_registry.model import Lap

#: A crop removes at least this many seconds at the start or at the end, because services and
#: devices begin and end a workout some seconds apart.
_LEAST_S = 60.0
#: A crop removes at least this share of the distance: a stop before the end is not cut off.
_LEAST_SHARE = 0.01
#: A row may begin before its file, or end after it, by this many seconds.
_OUTSIDE_S = 5.0
#: Stream → the fields of its average and its maximum.
_STATISTICS = {
    "heartrate": ("average_heartrate_bpm", "max_heartrate_bpm"),
    "watts": ("average_watts", "max_watts"),
    "cadence": ("average_cadence_rpm", "max_cadence_rpm"),
}


@dataclass(frozen=True, slots=True)
class Crop:
    """The part of a file that is left, in seconds since the start of the file."""

    start_s: float
    end_s: float

    def contains(self, start_s: float, end_s: float) -> bool:
        """Return whether a segment is completely inside."""
        return self.start_s <= start_s and end_s <= self.end_s


def crop_of(row: SourceActivity, leg: SourceActivity) -> Crop | None:
    """Return the crop that a row shows, or ``None`` if the row is not cropped.

    Args:
        row: The workout as the service has it.
        leg: The only workout of its file.
    """
    if row.start_utc is None or leg.start_utc is None:
        return None
    if not row.elapsed_s or not leg.elapsed_s:
        return None
    if not row.distance_m or not leg.distance_m:
        return None

    apart = row.start_utc - leg.start_utc
    start_s = apart.total_seconds()
    end_s = start_s + row.elapsed_s
    is_inside = start_s >= -_OUTSIDE_S and end_s <= leg.elapsed_s + _OUTSIDE_S
    if not is_inside:
        return None

    cut_off_s = leg.elapsed_s - end_s
    is_shorter = start_s >= _LEAST_S or cut_off_s >= _LEAST_S
    most_m = leg.distance_m * (1 - _LEAST_SHARE)
    if not is_shorter or row.distance_m > most_m:
        return None
    return Crop(start_s, end_s)


def cropped(leg: SourceActivity, crop: Crop) -> SourceActivity:
    """Return the workout of a file without what was cut off.

    Values of the complete file do not hold for the rest, so they are removed. Averages and maxima
    are computed from the samples that are left. The row supplies time and distance.
    """
    kept = _kept(leg.streams, crop)
    streams = tuple(_cut(stream, kept, crop) for stream in leg.streams)
    statistics = _statistics(streams)
    return msgspec.structs.replace(
        leg,
        **_without_values(leg)
        | statistics
        | {
            "start_utc": _later(leg.start_utc, crop),
            "start_local": _later(leg.start_local, crop),
            "timezone": leg.timezone,
            "utc_offset_s": leg.utc_offset_s,
            "start_precision": leg.start_precision,
            "power_kind": leg.power_kind,
            "cadence_per_leg": leg.cadence_per_leg,
            "pool_length_m": leg.pool_length_m,
            "streams": streams,
            "laps": _laps(leg.laps, crop, kept),
            "metrics": {},
            "provenance": _provenance(leg, statistics),
        },
    )


def _without_values(leg: SourceActivity) -> dict[str, Any]:
    """Return the fields that do not hold for a part of the workout, each set to its empty value."""
    values: dict[str, Any] = dict.fromkeys(CROPPED_FIELDS)
    for name in CROPPED_FIELDS:
        if isinstance(getattr(leg, name), tuple):
            values[name] = ()
    return values


def _later(start: datetime | None, crop: Crop) -> datetime | None:
    """Return the start of what is left of the file, if the start of the file is known."""
    if start is None:
        return None
    return start + timedelta(seconds=crop.start_s)


def _provenance(leg: SourceActivity, computed: Iterable[str]) -> dict[str, Provenance]:
    """Return the provenance of what is left of the file, and of the computed values."""
    provenance = {}
    for name, origin in leg.provenance.items():
        field, _, part = name.partition(".")
        # A stream that was cut still comes from where it came from.
        if part or field not in CROPPED_FIELDS:
            provenance[name] = origin
    mark = Provenance("computed", note="from the samples that are left")
    return provenance | dict.fromkeys(computed, mark)


def _kept(streams: Sequence[Stream], crop: Crop) -> range:
    """Return the indices of the samples that are left."""
    times: list[Any] = []
    for stream in streams:
        if stream.type == "time":
            times = stream.values.to_list()

    inside = [index for index, time in enumerate(times) if crop.contains(time, time)]
    if not inside:
        return range(0)
    first = inside[0]
    last = inside[-1]
    return range(first, last + 1)


def _cut(
    stream: Stream,
    kept: range,
    crop: Crop,
) -> Stream:
    """Return the samples of one stream that are left; time and distance begin with 0 again."""
    values = stream.values.to_list()[kept.start : kept.stop]
    start: Any = 0
    if stream.type == "time":
        start = crop.start_s
    elif stream.type == "distance":
        start = next((value for value in values if value is not None), 0)
    if start:
        values = [None if value is None else max(value - start, 0.0) for value in values]
    return msgspec.structs.replace(stream, values=Column.from_list(values))


def _statistics(streams: Sequence[Stream]) -> dict[str, float]:
    """Return the averages and maxima of the samples."""
    fields = {}
    for stream in streams:
        if stream.type not in _STATISTICS:
            continue
        values: list[Any] = [value for value in stream.values.to_list() if value is not None]
        if not values:
            continue
        mean = sum(values) / len(values)
        average, highest = _STATISTICS[stream.type]
        fields[average] = round(mean, 2)
        fields[highest] = max(values)
    return fields


def _laps(
    laps: Sequence[Lap],
    crop: Crop,
    kept: range,
) -> tuple[Lap, ...]:
    """Return the laps that are completely inside, relative to the new start.

    A lap that was cut has values that no longer hold, so it is left out.
    """
    inside = []
    for lap in laps:
        if lap.start_s is None or lap.elapsed_s is None:
            continue
        end_s = lap.start_s + lap.elapsed_s
        if not crop.contains(lap.start_s, end_s):
            continue
        moved = msgspec.structs.replace(
            lap,
            start_s=lap.start_s - crop.start_s,
            start_index=_moved(lap.start_index, kept),
            end_index=_moved(lap.end_index, kept),
        )
        inside.append(moved)
    return tuple(inside)


def _moved(index: int | None, kept: range) -> int | None:
    """Convert an index into the complete samples to one into the samples that are left."""
    if index is None:
        return None
    moved = index - kept.start
    if moved < 0:
        return 0
    return min(moved, len(kept))
