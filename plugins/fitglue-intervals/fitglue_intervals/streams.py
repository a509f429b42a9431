"""Decodes streams straight to columns: a fast way for plain numbers, a slow one for everything
else, with one result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_intervals.checks import contract
from fitglue_intervals.columns import column_of, gaps_of, is_empty
from fitglue_intervals.fast_streams import read_fast
from fitglue_intervals.reading import BOM, clean_text
from fitglue_intervals.slow_streams import read_slowly
from fitglue_registry.model import STREAM_UNITS, Stream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_intervals.channels import Channel
    from fitglue_registry.model import Column

#: The API's name → ours, where they differ; ``fixed_`` and ``raw_`` variants keep their own.
RENAMED = {
    "velocity_smooth": "velocity",
    "temp": "temperature",
    "grade_smooth": "grade",
}

_NO_VALUE = "the source has no value in it"
_LONGEST_REASON = 200


class _NoStream(Exception):
    """The reason why there is no stream of a channel."""


def decode_streams(content: bytes) -> tuple[tuple[Stream, ...], dict[str, str]]:
    """The streams of an answer, and of what was left out the reason, by ``streams`` or
    ``streams.TYPE``.

    A broken channel costs that channel; a broken answer, or one without times, costs all of them
    and never the record.
    """
    content = content.removeprefix(BOM)
    try:
        channels = read_fast(content)
    # NaN, numbers beyond 64 bits, lone surrogates, nesting: all of it is allowed.
    except (ValueError, RuntimeError, TypeError):
        try:
            channels = read_slowly(content)
        except (ValueError, RecursionError) as error:
            return (), {"streams": f"the answer cannot be read: {_reason(error)}"}
    violations = contract("streams").violations([_placeholder(channel) for channel in channels])
    if violations:
        return (), {"streams": f"the answer is not a list of streams: {violations[0].message}"}
    return streams_of(channels)


def streams_of(channels: list[Channel]) -> tuple[tuple[Stream, ...], dict[str, str]]:
    """The streams of these channels, and of what was left out the reason."""
    if not channels:
        return (), {"streams": "the source has no samples of this activity"}
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
    times = streams.get("time")
    if times is None or times.values.width != 1 or gaps_of(times.values).any():
        without_times = "there is no time stream without gaps, so no sample has a moment"
        return (), {"streams": without_times, **missing}
    for name, count in _of_other_length(streams.values(), len(times.values)):
        missing[f"streams.{name}"] = f"{count} samples, yet {len(times.values)} times"
        del streams[name]
    return tuple(streams.values()), missing


def _of_other_length(streams: Iterable[Stream], length: int) -> list[tuple[str, int]]:
    """Type and length of the streams that have another length."""
    others = []
    for stream in streams:
        if len(stream.values) != length:
            others.append((stream.type, len(stream.values)))
    return others


def _placeholder(channel: Channel) -> dict[str, Any]:
    """A channel without its samples, for the schema."""
    placeholder = {}
    for key, value in channel.outline.items():
        if isinstance(value, str):
            placeholder[key] = clean_text(value)
        elif value == value:  # NaN is no JSON
            placeholder[key] = value
    return placeholder


def _stream(raw_type: str, channel: Channel) -> Stream:
    """One stream; raises ``_NoStream``."""
    column = _column(raw_type, channel)
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
