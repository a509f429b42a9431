"""What GPX and TCX have in common: points become streams, and streams become figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from fitglue_registry.model import STREAM_UNITS, Column, Stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

#: Streams by their kind.
Streams: TypeAlias = "dict[str, Stream]"
#: What was measured at one point, by the kind of stream.
Measured: TypeAlias = "Mapping[str, float]"
#: Stream → the fields of its mean and of its highest value.
_MEANS = {
    "heartrate": ("average_heartrate_bpm", "max_heartrate_bpm"),
    "watts": ("average_watts", "max_watts"),
}


def seconds_after(start: datetime, times: Iterable[datetime]) -> Column:
    """The column of the stream ``time``."""
    return Column.of((time - start).total_seconds() for time in times)


def columns_of(
    kinds: Iterable[str],
    points: Sequence[Measured],
) -> dict[str, Column]:
    """A column for each kind of stream; a point at which it was not measured is a gap."""
    columns = {}
    for kind in dict.fromkeys(kinds):
        columns[kind] = Column.of(measured.get(kind) for measured in points)
    return columns


def streams_of(columns: Mapping[str, Column]) -> Streams:
    """A stream of each column that is not all gaps."""
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
    """Mean and highest value of the streams that have them: plain means, in which zeros count and
    gaps do not.
    """
    figures = {}
    for kind, (average, highest) in _MEANS.items():
        values = samples_of(streams, kind)
        if values:
            figures[average] = sum(values) / len(values)
            figures[highest] = max(values)
    return figures


def samples_of(streams: Streams, kind: str) -> list[float]:
    """The samples of a stream without its gaps; none where there is no such stream."""
    if kind not in streams:
        return []
    values = streams[kind].values
    return [value for value in values if isinstance(value, float)]
