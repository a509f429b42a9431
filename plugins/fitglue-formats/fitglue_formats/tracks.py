"""Code shared by the readers of GPX and TCX: it turns points into streams, and streams into
averages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from fitglue_registry.model import STREAM_UNITS, Column, Stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

#: Streams by their type.
Streams: TypeAlias = "dict[str, Stream]"
#: The values measured at one point, by the type of their stream.
Measured: TypeAlias = "Mapping[str, float]"
#: Stream → the fields of the model for its mean and for its maximum.
_MEANS = {
    "heartrate": ("average_heartrate_bpm", "max_heartrate_bpm"),
    "watts": ("average_watts", "max_watts"),
}


def seconds_after(start: datetime, times: Iterable[datetime]) -> Column:
    """Return the column of the stream ``time``: seconds after the start."""
    return Column.of((time - start).total_seconds() for time in times)


def columns_of(
    kinds: Iterable[str],
    points: Sequence[Measured],
) -> dict[str, Column]:
    """Return a column for each type of stream; a point at which it was not measured is a gap."""
    columns = {}
    for kind in dict.fromkeys(kinds):  # several elements map to one stream; their order is kept
        columns[kind] = Column.of(measured.get(kind) for measured in points)
    return columns


def streams_of(columns: Mapping[str, Column]) -> Streams:
    """Return a stream for each column that has at least one value."""
    streams = {}
    for kind, column in columns.items():
        if any(value is not None for value in column):
            streams[kind] = Stream(
                kind,
                column,
                unit=STREAM_UNITS[kind],
            )
    return streams


def averages(streams: Streams) -> dict[str, float]:
    """Return the mean and the maximum of heart rate and power, for the streams that exist.

    These are arithmetic means over the samples: zeros count and gaps do not.
    """
    fields = {}
    for kind, (average, highest) in _MEANS.items():
        values = samples_of(streams, kind)
        if values:
            fields[average] = sum(values) / len(values)
            fields[highest] = max(values)
    return fields


def samples_of(streams: Streams, kind: str) -> list[float]:
    """Return the samples of a stream without its gaps; the list is empty if there is no such
    stream.
    """
    if kind not in streams:
        return []
    values = streams[kind].values
    return [value for value in values if isinstance(value, float)]
