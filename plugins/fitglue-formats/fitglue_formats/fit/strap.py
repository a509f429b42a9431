"""Heart rates that a strap kept to itself (under water) and handed over at the end: ``hr`` messages
with a clock of their own.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from fitglue_formats.fit.arrays import without
from fitglue_formats.fit.definitions import TIMESTAMP, offsets
from fitglue_formats.fit.frames import HR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_formats.fit.arrays import Numbers
    from fitglue_formats.fit.frames import Frames, Message

#: Fields of an ``hr`` message.
_FRACTION = 0
_BPM = 6
_EVENT = 9
_EVENT_12 = 10
#: The bytes of each field by its number; none where it is not there.
Fields: TypeAlias = "defaultdict[int, bytes]"
#: A beat is the heart rate of the samples that follow it this closely.
_HOLDS_S = 5.0


class Beat(NamedTuple):
    """One heart beat: when it was, and the rate that the strap says with it."""

    time: float
    rate: int


def heart_rates(frames: Frames, time: Numbers) -> Numbers | None:
    """The heart rate at each of ``time``, NaN where the strap says none; ``None`` where there are
    no such messages.
    """
    beats = sorted(_beats(frames))
    if not beats:
        return None
    columns = np.array(beats, dtype=np.float64)
    times, rates = columns.T
    # A beat may be up to half a second later than the sample that says its second.
    later = np.nan_to_num(time) + 0.5
    after = np.searchsorted(times, later, side="right")
    latest = after - 1
    apart = np.abs(time - times[latest])
    is_held = apart <= _HOLDS_S
    is_held &= latest >= 0
    return without(rates[latest], ~is_held)


def _beats(frames: Frames) -> Iterator[Beat]:
    """Every beat.

    Only the first message says the time whole; the others count on from it, in twelve bits.
    """
    offset: float | None = None
    last = 0
    for message in frames.messages():
        if message.definition.number != HR:
            continue
        fields = _fields(frames.content, message)
        order = message.definition.order
        events = _numbers(order + "I", fields[_EVENT])
        if events and len(fields[TIMESTAMP]) == 4:
            moment = _moment(order, fields)
            offset = moment - events[0] / 1024
        else:
            events = _counted_on(last, fields[_EVENT_12])
        if events:
            last = events[-1]
        if offset is None:
            continue
        for event, rate in zip(events, fields[_BPM], strict=False):
            if 0 < rate < 0xFF:
                time = offset + event / 1024
                yield Beat(time, rate)


def _moment(order: str, fields: Fields) -> float:
    """The time of a message that says it whole, in seconds of the FIT epoch."""
    (whole,) = _numbers(order + "I", fields[TIMESTAMP])
    if len(fields[_FRACTION]) != 2:
        return whole
    (fraction,) = _numbers(order + "H", fields[_FRACTION])
    if fraction == 0xFFFF:
        return whole
    return whole + fraction / 32768


def _fields(content: bytes, message: Message) -> Fields:
    fields: Fields = defaultdict(bytes)
    for at, end, field in offsets(message.definition.fields, message.start):
        fields[field.number] = content[at:end]
    return fields


def _numbers(code: str, raw: bytes) -> list[int]:
    """The whole numbers in some bytes; what is left of a last one is passed over."""
    whole = _without_rest(raw, struct.calcsize(code))
    return [number for (number,) in struct.iter_unpack(code, whole)]


def _without_rest(raw: bytes, size: int) -> bytes:
    rest = len(raw) % size
    return raw[: len(raw) - rest]


def _counted_on(last: int, raw: bytes) -> list[int]:
    """Times of which only the lowest twelve bits are said, counted on from the last one."""
    events = []
    for twelve in _twelves(raw):
        last += (twelve - last) & 0xFFF
        events.append(last)
    return events


def _twelves(raw: bytes) -> Iterator[int]:
    """Numbers of twelve bits, two in three bytes."""
    whole = _without_rest(raw, 3)
    for low, middle, high in struct.iter_unpack("BBB", whole):
        yield low | (middle & 0x0F) << 8
        yield middle >> 4 | high << 4
