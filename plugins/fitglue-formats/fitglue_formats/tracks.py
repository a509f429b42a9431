"""Code shared by the readers of GPX and TCX: it stores points, and turns them into streams and
averages.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from fitglue_formats.absence import remove_invalid
from fitglue_formats.figures import Track
from fitglue_registry.model import STREAM_UNITS, Column, Stream

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from fitglue_formats.array_types import Floats, Indexes
    from fitglue_formats.clock import Place
    from fitglue_formats.timeline import Timeline

#: Streams by their type.
Streams: TypeAlias = "dict[str, Stream]"
#: Stream → the fields of the model for its mean, its maximum and its minimum.
_STATISTICS = {
    "heartrate": ("average_heartrate_bpm", "max_heartrate_bpm"),
    "watts": ("average_watts", "max_watts"),
    "cadence": ("average_cadence_rpm", "max_cadence_rpm"),
    "altitude": ("average_altitude_m", "max_altitude_m", "min_altitude_m"),
    "temperature": ("average_temperature_c", "max_temperature_c", "min_temperature_c"),
}
#: Kilometers per hour in a meter per second.
_KMH = 3.6
#: The mean of the speeds differs from distance divided by time by less than this share.
_KMH_TOLERANCE = 0.15


@dataclass(slots=True)
class Points:
    """The points of a file in the order of the file, as columns. A gap is NaN.

    A million points take 8 MB per column, where a million objects would take hundreds. For the same
    reason, what is impossible is removed from complete columns, in ``clean``.

    Attributes:
        times: Seconds since 1970 (UTC).
        latitudes: Degrees.
        longitudes: Degrees; from -180 to 180 after ``clean``.
        starts: The index of the first point of each segment.
        measured: Stream → its values. A column can be shorter than the others.
        without_place: The number of points whose position is missing or impossible.
        absent: Stream → the number of its values that were not measured or are impossible.
    """

    times: array[float] = field(default_factory=lambda: array("d"))
    latitudes: array[float] = field(default_factory=lambda: array("d"))
    longitudes: array[float] = field(default_factory=lambda: array("d"))
    starts: list[int] = field(default_factory=list)
    measured: dict[str, array[float]] = field(default_factory=dict)
    without_place: int = 0
    absent: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.times)

    def open_segment(self) -> None:
        """Begin a segment: the recording was interrupted before the next point."""
        self.starts.append(len(self.times))

    def add(
        self,
        time: float,
        latitude: float,
        longitude: float,
    ) -> None:
        """Append a point, with NaN for what it does not state."""
        self.times.append(time)
        self.latitudes.append(latitude)
        self.longitudes.append(longitude)

    def measure(
        self,
        kind: str,
        value: float,
    ) -> None:
        """Set a value of the point that was added last; the last value of a kind wins."""
        column = self.measured.get(kind)
        if column is None:
            column = self.measured[kind] = array("d")
        missing = len(self.times) - len(column)
        if missing == 1:
            column.append(value)
        elif missing <= 0:
            column[-1] = value
        else:
            column.extend([math.nan] * (missing - 1))
            column.append(value)

    def clean(self) -> None:
        """Remove what is impossible, and fill the columns up to the last point."""
        for kind, values in self.measured.items():
            values.extend([math.nan] * (len(self.times) - len(values)))
            self.absent[kind] = remove_invalid(kind, floats(values))
        latitudes, longitudes = floats(self.latitudes), floats(self.longitudes)
        # Some programs count longitudes up to 360 degrees. Latitude and longitude 0 are what a
        # receiver without a position writes; the place is in the sea off Ghana.
        nowhere = ~((np.abs(latitudes) <= 90) & (np.abs(longitudes) <= 360))
        nowhere |= (latitudes == 0) & (longitudes == 0)
        latitudes[nowhere] = longitudes[nowhere] = math.nan
        beyond = np.abs(longitudes) > 180
        longitudes[beyond] -= np.copysign(360.0, longitudes[beyond])
        self.without_place = int(nowhere.sum())

    def part(self, first: int, last: int) -> Points:
        """Return the points of some segments, before they are cleaned.

        Args:
            first: The index of the first point, with which a segment begins.
            last: The index after the last point.
        """
        return Points(
            self.times[first:last],
            self.latitudes[first:last],
            self.longitudes[first:last],
            [start - first for start in self.starts if first <= start < max(last, first + 1)],
            {kind: values[first:last] for kind, values in self.measured.items()},
        )

    def missing(self) -> dict[str, str]:
        """Return which values are missing, as ``completeness.missing`` states it."""
        missing = {}
        for kind, count in self.absent.items():
            if count:
                missing[f"complete {kind}"] = (
                    f'{count:,} of its values are impossible, or a number for "not measured"'
                )
        return missing

    def values(self) -> list[Floats]:
        """Return everything except the time, to compare points."""
        columns = [self.latitudes, self.longitudes, *self.measured.values()]
        return [floats(values) for values in columns]

    def segments(self) -> Indexes:
        """Return the number of the segment of each point."""
        edges = np.asarray([*self.starts, len(self.times)])
        return np.repeat(
            np.arange(len(self.starts), dtype=np.int32),
            np.diff(edges),
        )


def floats(values: array[float]) -> Floats:
    """Return a view of an array as numbers."""
    return np.frombuffer(values, dtype=np.float64) if values else np.empty(0)


def taken(
    values: Floats,
    order: Indexes,
) -> Floats:
    """Return values in an order; if they already have it, return them without copying."""
    if len(order) == len(values) and bool((order[1:] > order[:-1]).all()):
        return values
    picked: Floats = values[order]
    return picked


def track_of(
    points: Points,
    timeline: Timeline,
    order: Indexes,
) -> Track:
    """Return some points of a file as a track."""
    altitudes = points.measured.get("altitude")
    if altitudes is None:
        altitudes = array("d", [math.nan]) * len(points)
    return Track(
        taken(floats(points.times), order),
        taken(floats(points.latitudes), order),
        taken(floats(points.longitudes), order),
        taken(floats(altitudes), order),
        timeline.segments[order],
    )


def first_place(track: Track) -> Place | None:
    """Return the first position of a track, or ``None``."""
    placed = np.flatnonzero(~np.isnan(track.latitudes))
    if not len(placed):
        return None
    return float(track.latitudes[placed[0]]), float(track.longitudes[placed[0]])


def column(values: Floats) -> Column:
    """Return a column of the model; NaN is a gap."""
    return Column(np.ascontiguousarray(values, dtype=np.float64).data)


def pairs(
    first: Floats,
    second: Floats,
) -> Column:
    """Return a column of pairs; a pair that lacks one of its halves is a gap."""
    both = np.empty(2 * len(first))
    both[0::2] = first
    both[1::2] = second
    half = np.isnan(both[0::2]) | np.isnan(both[1::2])
    both[0::2][half] = both[1::2][half] = math.nan
    return Column(both.data, width=2)


def columns_of(
    points: Points,
    order: Indexes,
    kinds: Iterable[str],
    start: datetime,
) -> dict[str, Column]:
    """Return the time, the position and what was measured at some points of a file.

    Args:
        points: The points of the file.
        order: The indexes of the points, in the order of time.
        kinds: The measured streams that are wanted, in their order; repetitions are ignored.
        start: The start of the workout, from which the stream ``time`` counts.
    """
    columns = {
        "time": column(_seconds_after(start, taken(floats(points.times), order))),
        "latlng": pairs(
            taken(floats(points.latitudes), order),
            taken(floats(points.longitudes), order),
        ),
    }
    for kind in dict.fromkeys(kinds):  # several elements map to one stream
        if kind in points.measured:
            columns[kind] = column(taken(floats(points.measured[kind]), order))
    return columns


def _seconds_after(
    start: datetime,
    times: Floats,
) -> Floats:
    """Return times as seconds after the start, in whole microseconds, the precision of a time."""
    seconds: Floats = times - start.timestamp()
    return np.round(
        seconds,
        6,
        out=seconds,
    )


def streams_of(columns: dict[str, Column]) -> Streams:
    """Return a stream for each column that has at least one value."""
    streams = {}
    for kind, values in columns.items():
        if not np.isnan(np.asarray(values.doubles)).all():
            streams[kind] = Stream(
                kind,
                values,
                unit=STREAM_UNITS[kind],
            )
    return streams


def correct_speed(
    columns: dict[str, Column],
    average_mps: float | None,
) -> dict[str, str]:
    """Turn speeds in km/h, which some programs write, into m/s.

    Args:
        columns: The columns of a workout; the speeds are replaced if they are in km/h.
        average_mps: The average speed that follows from distance and time.

    Returns:
        What was corrected, as ``completeness.missing`` states it; empty if nothing was.
    """
    if "velocity" not in columns or not average_mps:
        return {}
    speeds: Floats = np.asarray(columns["velocity"].doubles)
    moving = speeds[speeds > 0]
    if not len(moving) or not _is_kmh(float(moving.mean()), average_mps):
        return {}
    columns["velocity"] = column(speeds / _KMH)
    reason = "those of the file fit the distance and the time in km/h, so they were converted"
    return {"speeds in m/s": reason}


def _is_kmh(speed: float, average_mps: float) -> bool:
    """Return whether a speed is about 3.6 times as high as it should be."""
    return abs(speed / average_mps / _KMH - 1) <= _KMH_TOLERANCE


def averages(streams: Streams) -> dict[str, float]:
    """Return the mean, the maximum and sometimes the minimum of the streams that exist.

    These are arithmetic means over the samples: gaps do not count, and zeros count, except those of
    a cadence. A device that shows an average cadence leaves out the time without pedaling.
    """
    fields = {}
    for kind, (average, highest, *lowest) in _STATISTICS.items():
        values = samples_of(streams, kind)
        if kind == "cadence":
            values = values[values > 0]
        if len(values):
            fields[average] = float(values.sum() / len(values))
            fields[highest] = float(values.max())
            fields |= dict.fromkeys(lowest, float(values.min()))
    return fields


def samples_of(
    streams: Streams,
    kind: str,
) -> Floats:
    """Return the samples of a stream of numbers without its gaps; empty if there is no such
    stream.
    """
    if kind not in streams:
        return np.empty(0)
    values: Floats = np.asarray(streams[kind].values.doubles)
    known: Floats = values[~np.isnan(values)]
    return known


def typical_cadence(
    streams: Streams,
    stated: float | None = None,
) -> float | None:
    """Return the median cadence of the samples in motion, or else what the file states."""
    values = samples_of(streams, "cadence")
    values = values[values > 0]
    if len(values):
        return float(np.median(values))
    return stated
