"""Heart rates from messages ``hr``: a strap stores them under water and sends them afterwards.

These messages have a clock of their own, in 1/1024 s.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from fitglue_formats.budget import BEATS
from fitglue_formats.fit.arrays import without
from fitglue_formats.fit.definitions import TIMESTAMP, offsets
from fitglue_formats.fit.frames import HR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_formats.fit.arrays import Numbers
    from fitglue_formats.fit.frames import Frames, Message

# Field numbers of the message ``hr`` in the FIT profile: fractional_timestamp, filtered_bpm,
# event_timestamp and event_timestamp_12.
_FRACTION = 0
_BPM = 6
_EVENT = 9
_EVENT_12 = 10
#: The bytes of each field by its number; empty for a field that the message does not have.
Fields: TypeAlias = "defaultdict[int, bytes]"
#: A beat gives the heart rate to the samples up to this many seconds after it.
_HOLDS_S = 5.0


class Beat(NamedTuple):
    """One heart beat: its time in seconds after the FIT epoch, and the heart rate at it."""

    time: float
    rate: int


def heart_rates(frames: Frames, time: Numbers) -> Numbers | None:
    """Return the heart rate at each sample from the messages ``hr``.

    Args:
        frames: The messages of the file.
        time: The times of the samples in seconds after the FIT epoch.

    Returns:
        One value for each sample, NaN without a recent beat; ``None`` if the file has no such
        messages.
    """
    # Three million beats are 48 MB as numbers, and 600 MB as objects.
    flat = np.fromiter(chain.from_iterable(_beats(frames)), dtype=np.float64)
    if not len(flat):
        return None
    times = flat[0::2]
    rates = flat[1::2]
    order = np.lexsort((rates, times))
    times = times[order]
    rates = rates[order]
    # Samples have whole seconds, so a beat can be up to half a second after "its" sample.
    later = np.nan_to_num(time) + 0.5
    after = np.searchsorted(times, later, side="right")
    latest = after - 1
    apart = np.abs(time - times[latest])
    is_held = apart <= _HOLDS_S
    is_held &= latest >= 0
    return without(rates[latest], ~is_held)


def _beats(frames: Frames) -> Iterator[Beat]:
    """Yield every beat.

    Only the first message states the full time of its beats. The following ones contain the lowest
    twelve bits of the strap's clock for each beat.
    """
    offset: float | None = None
    last = 0
    for message in frames.messages():
        if message.definition.number != HR:
            continue
        fields = _fields(frames.content, message)
        frames.budget.use(BEATS, len(fields[_BPM]))
        order = message.definition.order
        events = _numbers(order + "I", fields[_EVENT])
        if events and len(fields[TIMESTAMP]) == 4:
            moment = _moment(order, fields)
            offset = moment - events[0] / 1024
        else:
            events = _full_times(last, fields[_EVENT_12])
        if events:
            last = events[-1]
        if offset is None:  # no message has related the strap's clock to the file's yet
            continue
        for event, rate in zip(events, fields[_BPM], strict=False):
            if 0 < rate < 0xFF:  # FIT: 0xFF is the invalid value
                time = offset + event / 1024
                yield Beat(time, rate)


def _moment(order: str, fields: Fields) -> float:
    """Return the time of a message that states it in full, in seconds after the FIT epoch."""
    (seconds,) = _numbers(order + "I", fields[TIMESTAMP])
    if len(fields[_FRACTION]) != 2:
        return seconds
    (fraction,) = _numbers(order + "H", fields[_FRACTION])
    if fraction == 0xFFFF:
        return seconds
    return seconds + fraction / 32768  # FIT profile: fractional_timestamp has a scale of 32768


def _fields(content: bytes, message: Message) -> Fields:
    """Return the bytes of each field of a message."""
    fields: Fields = defaultdict(bytes)
    for at, end, field in offsets(message.definition.fields, message.start):
        fields[field.number] = content[at:end]
    return fields


def _numbers(code: str, raw: bytes) -> list[int]:
    """Return the numbers in these bytes; an incomplete one at the end is ignored."""
    complete = _complete(raw, struct.calcsize(code))
    return [number for (number,) in struct.iter_unpack(code, complete)]


def _complete(raw: bytes, size: int) -> bytes:
    """Return the bytes up to the last multiple of the size."""
    excess = len(raw) % size
    return raw[: len(raw) - excess]


def _full_times(last: int, raw: bytes) -> list[int]:
    """Return the full times of beats that are given by their lowest twelve bits.

    Each beat is less than four seconds (4096/1024) after the one before it.
    """
    events = []
    for twelve in _twelves(raw):
        last += (twelve - last) & 0xFFF
        events.append(last)
    return events


def _twelves(raw: bytes) -> Iterator[int]:
    """Yield numbers of twelve bits, which are packed as two in three bytes."""
    complete = _complete(raw, 3)
    for low, middle, high in struct.iter_unpack("BBB", complete):
        yield low | (middle & 0x0F) << 8
        yield middle >> 4 | high << 4
