"""The streams answer of a recording, as JSON values, compressed, and as CSV.

The streams depend on the recording's shape only, so equal shapes share one body; bodies are kept
compressed.
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

CUSTOM_STREAMS = {"GarminGCT": "Ground contact time"}

_LEVEL = 6
_BOM = b"\xef\xbb\xbf"


def streams_of(leg: Leg) -> list[Row]:
    """All stored streams of a recording, as the answer lists them; the watts as they were before
    correction come last.
    """
    samples = Samples(shape_of(leg))
    streams = [_stream_of(samples, kind) for kind in samples.shape.stream_types]
    if samples.shape.has_spike:
        streams.append(_with_spike(samples, streams))
    return streams


@lru_cache(maxsize=512)
def gzipped_streams(leg: Leg) -> bytes:
    """The streams as the gzip-compressed body of an answer."""
    return gzip.compress(json_bytes(streams_of(leg)), _LEVEL, mtime=0)


def chosen(streams: list[Row], types: list[str]) -> list[Row]:
    """The streams of some types, in the order in which they are stored."""
    return [stream for stream in streams if stream["type"] in types]


@lru_cache(maxsize=64)
def gzipped_choice(leg: Leg, types: tuple[str, ...]) -> bytes:
    """The body for some types only, compressed."""
    streams = json.loads(gzip.decompress(gzipped_streams(leg)))
    return gzip.compress(
        json_bytes(chosen(streams, list(types))),
        _LEVEL,
        mtime=0,
    )


def as_csv(streams: list[Row]) -> bytes:
    """The ``.csv`` form: a BOM, ``lat`` and ``lng`` apart, a last row of bare commas; without
    samples a BOM and a newline.
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
    if kind == "latlng":
        return _stream(kind, *samples.track)
    return _stream(kind, CHANNELS[kind](samples))


def _with_spike(samples: Samples, streams: list[Row]) -> Row:
    """The watts with two absurd samples, which the stream of the watts names as an anomaly."""
    start = len(samples.time) // 3
    end = start + 2
    [corrected] = chosen(streams, ["watts"])
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
    """One stream, with the keys of a real one."""
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
