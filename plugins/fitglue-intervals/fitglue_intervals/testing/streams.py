"""The response with the streams of a recording: as JSON values, compressed, and as CSV.

Streams depend only on the leg, so equal legs share one body. Bodies are kept compressed, because a
recording of an hour takes half a megabyte of JSON.
"""

from __future__ import annotations

import gzip
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fitglue_intervals.testing.channels import CHANNELS
from fitglue_intervals.testing.samples import Samples
from fitglue_intervals.testing.shapes import Leg, shape_of
from fitglue_registry.testing import json_bytes

if TYPE_CHECKING:
    from fitglue_intervals.testing.values import Row

#: Type of a stream that the athlete defined → its label.
CUSTOM_STREAMS = {"GarminGCT": "Ground contact time"}

#: The usual level of gzip, so that bodies have a realistic size on the wire.
_LEVEL = 6
_BOM = b"\xef\xbb\xbf"


def streams_of(leg: Leg) -> list[Row]:
    """Return all stored streams of a recording, in the order of the response.

    If the service corrected the watts, the series before the correction (``raw_watts``) is last.
    """
    samples = Samples(shape_of(leg))
    streams = [_stream_of(samples, kind) for kind in samples.shape.stream_types]
    if samples.shape.has_spike:
        streams.append(_with_spike(samples, streams))
    return streams


@lru_cache(maxsize=512)
def gzipped_streams(leg: Leg) -> bytes:
    """Return the streams as the gzip-compressed body of a response."""
    return gzip.compress(json_bytes(streams_of(leg)), _LEVEL, mtime=0)


def select_streams(streams: list[Row], types: list[str]) -> list[Row]:
    """Return the streams of some types, in the order in which they are stored.

    Seen: a type that the activity does not have is simply missing in the response.
    """
    return [stream for stream in streams if stream["type"] in types]


@lru_cache(maxsize=64)
def gzipped_selection(leg: Leg, types: tuple[str, ...]) -> bytes:
    """Return the gzip-compressed body of a response with some types."""
    streams = json.loads(gzip.decompress(gzipped_streams(leg)))
    return gzip.compress(
        json_bytes(select_streams(streams, list(types))),
        _LEVEL,
        mtime=0,
    )


def as_csv(streams: list[Row]) -> bytes:
    """Return the streams as CSV, with the habits that were seen.

    The body begins with a BOM, positions are two columns, and a row of bare commas is last. Without
    samples, it is a BOM and a newline.
    """
    columns: dict[str, list[Any]] = {}
    for stream in streams:
        if stream["type"] == "latlng":
            columns["lat"] = stream["data"]
            columns["lng"] = stream["data2"]
        elif not stream["valueTypeIsArray"]:
            columns[stream["type"]] = stream["data"]
    if not columns:
        return _BOM + b"\n"
    lines = [",".join(columns)]
    for row in zip(*columns.values(), strict=True):
        lines.append(",".join(map(_cell, row)))
    lines.append("," * (len(columns) - 1))
    return _BOM + ("\n".join(lines) + "\n").encode()


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _stream_of(samples: Samples, kind: str) -> Row:
    """Return the stream of one type."""
    if kind == "latlng":
        return _stream(kind, *samples.track)
    return _stream(kind, CHANNELS[kind](samples))


def _with_spike(samples: Samples, streams: list[Row]) -> Row:
    """Return the watts with two absurd samples, and list them as an anomaly of ``watts``.

    Documented: ``watts`` is the corrected series, and ``anomalies`` has the replaced values.
    """
    start = len(samples.time) // 3
    end = start + 2
    [corrected] = select_streams(streams, ["watts"])
    corrected["anomalies"] = [
        {
            "start_index": start,
            "end_index": end,
            "value": 1940,
            "valueEnd": 2011,
        }
    ]
    watts = list(samples.watts)
    watts[start:end] = [1940, 2011]
    return _stream("raw_watts", watts)


def _stream(
    kind: str,
    values: list[Any],
    second: list[Any] | None = None,
) -> Row:
    """Return one stream with the keys of a captured one.

    Args:
        kind: The type of the stream.
        values: The samples.
        second: The second list, which is the longitudes of ``latlng``.
    """
    return {
        "type": kind,
        "name": CUSTOM_STREAMS.get(kind),
        "data": values,
        "data2": second,
        "valueTypeIsArray": kind == "hrv",
        "anomalies": None,
        "custom": kind in CUSTOM_STREAMS,
        "allNull": all(value is None for value in values),
    }
