"""Heart rates that a strap kept to itself (under water) and handed over at the end: ``hr`` messages
with a clock of their own.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

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
    times, rates = np.array(beats, dtype=np.float64).T
    # A beat may be up to half a second later than the sample that says its second.
    later = np.nan_to_num(time) + 0.5
    latest = np.searchsorted(times, later, side="right") - 1
    apart = np.abs(time - times[latest])
    is_held = (latest >= 0) & (apart <= _HOLDS_S)
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
        events = _numbers(order + "I", fields.get(_EVENT, b""))
        stated = fields.get(TIMESTAMP, b"")
        if events and len(stated) == 4:
            fraction = fields.get(_FRACTION, b"")
            offset = _moment(order, stated, fraction) - events[0] / 1024
        else:
            events = _counted_on(last, fields.get(_EVENT_12, b""))
        if events:
            last = events[-1]
        if offset is None:
            continue
        rates = fields.get(_BPM, b"")
        for event, rate in zip(events, rates, strict=False):
            if 0 < rate < 0xFF:
                yield Beat(offset + event / 1024, rate)


def _moment(order: str, stated: bytes, fraction: bytes) -> float:
    """The time of a message that says it whole, in seconds of the FIT epoch."""
    (whole,) = _numbers(order + "I", stated)
    if len(fraction) != 2:
        return whole
    (parts,) = _numbers(order + "H", fraction)
    if parts == 0xFFFF:
        return whole
    return whole + parts / 32768


def _fields(content: bytes, message: Message) -> dict[int, bytes]:
    fields = {}
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
    for low, middle, high in struct.iter_unpack("BBB", _without_rest(raw, 3)):
        yield low | (middle & 0x0F) << 8
        yield middle >> 4 | high << 4
