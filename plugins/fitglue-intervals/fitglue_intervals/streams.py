"""Decoding of streams to columns, by a fast reader for plain numbers or a slow one for others.

Both readers give equal results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_intervals.channels import LARGEST_STREAMS, MOST_SAMPLES
from fitglue_intervals.checks import schema_validator
from fitglue_intervals.columns import column_of, gaps_of, is_empty
from fitglue_intervals.fast_streams import read_fast
from fitglue_intervals.reading import BOM
from fitglue_intervals.slow_streams import read_slowly
from fitglue_registry.model import STREAM_UNITS, Stream
from fitglue_registry.payloads import check_document, clean_text, count_containers, iter_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_intervals.channels import Channel
    from fitglue_registry.model import Column

#: The API's type → the model's type, if they differ. Variants with ``fixed_`` or ``raw_`` keep the
#: API's type.
RENAMED = {
    "velocity_smooth": "velocity",
    "temp": "temperature",
    "grade_smooth": "grade",
}

_NO_VALUE = "the source has no value in it"
#: A parser's error may quote the content, which can be long.
_LONGEST_REASON = 200
#: A response of more bytes is read one channel at a time, so that only one of them is in memory in
#: the form that the parser needs, which takes several times as much memory as the text.
_MOST_AT_ONCE = 1_000_000
_MOST_CHANNELS = 1_000
#: Of all channels: lists and objects (a stream of lists has one for each sample), and keys.
_MOST_CONTAINERS = 500_000
_MOST_KEYS = 100_000
#: Bytes of one channel that are not part of a number, such as its nulls.
_MOST_OTHER_BYTES = 5_000_000
_OF_NUMBERS = b"0123456789+-.eE, \t\r\n"


class _NoStream(Exception):
    """The reason why a channel does not become a stream."""


def decode_streams(content: bytes) -> tuple[tuple[Stream, ...], dict[str, str]]:
    """Return the streams of a response, and why each other stream is missing.

    A broken channel loses only itself. A broken response, or one without times, loses all streams,
    but never the record.

    Args:
        content: The body of the response.

    Returns:
        The streams, and the reasons by ``streams`` (for all of them) or ``streams.TYPE``.
    """
    try:
        return streams_of(_channels(content.removeprefix(BOM)))
    except ValueError as error:
        return (), {"streams": f"the response cannot be read: {_reason(error)}"}


def _channels(content: bytes) -> Iterator[Channel]:
    """Yield the channels of a response; raise ``ValueError`` if it cannot be read."""
    if len(content) <= _MOST_AT_ONCE:
        yield from _read(content)
        return
    check_document(content, largest=LARGEST_STREAMS, most_values=len(content))
    if count_containers(content) > _MOST_CONTAINERS:
        raise ValueError(f"it has more than {_MOST_CONTAINERS:,} lists")
    if content.count(b":") > _MOST_KEYS:
        raise ValueError(f"it has more than {_MOST_KEYS:,} keys")
    for channel in iter_rows(content, most_rows=_MOST_CHANNELS):
        check_document(channel, largest=LARGEST_STREAMS, most_values=MOST_SAMPLES)
        if len(channel.translate(None, _OF_NUMBERS)) > _MOST_OTHER_BYTES:
            raise ValueError(f"a stream has more than {_MOST_OTHER_BYTES:,} bytes of other values")
        yield from _read(b"[%s]" % channel)


def _read(content: bytes) -> list[Channel]:
    """Return the channels in a list; raise ``ValueError`` if they cannot be read."""
    try:
        channels = read_fast(content)
    # NaN, integers beyond 64 bits, lone surrogates and nested lists end here: the slow reader
    # accepts all of them.
    except (ValueError, RuntimeError, TypeError):
        channels = read_slowly(content)
    if len(channels) > _MOST_CHANNELS:
        raise ValueError(f"it has more than {_MOST_CHANNELS:,} streams")
    violations = schema_validator("streams").violations(
        [_placeholder(channel) for channel in channels]
    )
    if violations:
        raise ValueError(f"it is not a list of streams: {violations[0].message}")
    return channels


def streams_of(channels: Iterable[Channel]) -> tuple[tuple[Stream, ...], dict[str, str]]:
    """Return the streams of these channels, and why each other one is missing."""
    streams: dict[str, Stream] = {}
    missing: dict[str, str] = {}
    for channel in channels:
        raw_type = clean_text(channel.outline["type"])
        try:
            stream = _stream(raw_type, channel)
        except _NoStream as reason:
            missing[f"streams.{raw_type}"] = str(reason)
            continue
        if stream.type in streams:
            missing[f"streams.{raw_type}"] = f"there is another stream called {stream.type}"
        else:
            streams[stream.type] = stream
    if not streams and not missing:
        return (), {"streams": "the source has no samples of this activity"}
    # Seen: sample k of each stream belongs to time[k], and times are irregular (pauses, smart
    # recording). Without complete times, no sample can be placed.
    times = streams.get("time")
    if times is None or times.values.width != 1 or gaps_of(times.values).any():
        without_times = "no time stream without gaps exists, so the samples have no times"
        return (), {"streams": without_times, **missing}
    for name, count in _length_mismatches(streams.values(), len(times.values)):
        missing[f"streams.{name}"] = f"it has {count} samples for {len(times.values)} times"
        del streams[name]
    return tuple(streams.values()), missing


def _length_mismatches(streams: Iterable[Stream], length: int) -> list[tuple[str, int]]:
    """Return type and length of each stream that has another length."""
    mismatches = []
    for stream in streams:
        if len(stream.values) != length:
            mismatches.append((stream.type, len(stream.values)))
    return mismatches


def _placeholder(channel: Channel) -> dict[str, Any]:
    """Return a channel without its samples, which the schema need not examine one at a time."""
    placeholder = {}
    for key, value in channel.outline.items():
        if isinstance(value, str):
            placeholder[key] = clean_text(value)
        elif value == value:  # NaN differs from itself; it is not JSON
            placeholder[key] = value
    return placeholder


def _stream(raw_type: str, channel: Channel) -> Stream:
    """Return one stream; raise ``_NoStream`` if the channel cannot become one."""
    column = _column(raw_type, channel)
    # Seen: a custom stream has the athlete's code as its type and their label as its name. Its unit
    # is unknown, even if the code equals a type of the model.
    custom = channel.outline.get("custom") is True
    name = channel.outline.get("name")
    kind = raw_type
    unit = None
    if not custom:
        kind = RENAMED.get(raw_type, raw_type)
        unit = STREAM_UNITS.get(kind)
    return Stream(
        kind,
        column,
        unit=unit,
        name=clean_text(name) if name else None,
        raw_type=raw_type if raw_type != kind else None,
        custom=custom,
    )


def _column(raw_type: str, channel: Channel) -> Column:
    """Return the samples of a channel; raise ``_NoStream`` if it has none or an invalid one."""
    if channel.outline.get("allNull") is True or channel.data is None:
        raise _NoStream(_NO_VALUE)
    try:
        column = column_of(raw_type, channel.data, channel.data2)
    except (ValueError, TypeError) as error:
        raise _NoStream(_reason(error)) from error
    if len(column) and is_empty(column):
        raise _NoStream(_NO_VALUE)
    return column


def _reason(error: Exception) -> str:
    return clean_text(str(error))[:_LONGEST_REASON]
