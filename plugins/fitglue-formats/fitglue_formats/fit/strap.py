"""Heart rates that a strap kept to itself (under water) and handed over at the end: ``hr`` messages
with a clock of their own.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from fitglue_formats.fit.frames import HR, TIMESTAMP, offsets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from fitglue_formats.fit.frames import Message

    Numbers = NDArray[np.float64]

_FRACTION, _BPM, _EVENT, _EVENT_12 = 0, 6, 9, 10
#: A beat is the heart rate of the samples that follow it this closely.
_HOLDS_S = 5.0


def heart_rates(
    content: bytes,
    messages: Iterable[Message],
    time: Numbers,
) -> Numbers | None:
    """The heart rate at each of ``time``, NaN where the strap says none; ``None`` where there are
    no such messages.
    """
    beats = sorted(_beats(content, messages))
    if not beats:
        return None
    times, rates = np.array(beats, dtype=np.float64).T
    latest = np.searchsorted(times, np.nan_to_num(time) + 0.5, side="right") - 1
    held = (latest >= 0) & (np.abs(time - times[latest]) <= _HOLDS_S)
    return np.where(held, rates[latest], np.nan)


def _beats(content: bytes, messages: Iterable[Message]) -> Iterator[tuple[float, int]]:
    """Moment and heart rate of each beat.

    Only the first message says the time whole; the others count on from it, in twelve bits.
    """
    offset: float | None = None
    last = 0
    for message in messages:
        if message.definition.number != HR:
            continue
        fields = _fields(content, message)
        order = ">" if message.definition.big_endian else "<"
        events = _numbers(order + "I", fields.get(_EVENT, b""))
        if events and len(fields.get(TIMESTAMP, b"")) == 4:
            offset = _moment(order, fields) - events[0] / 1024
        else:
            events = _counted_on(last, fields.get(_EVENT_12, b""))
        if events:
            last = events[-1]
        if offset is None:
            continue
        for event, bpm in zip(events, fields.get(_BPM, b""), strict=False):
            if 0 < bpm < 0xFF:
                yield offset + event / 1024, bpm


def _moment(order: str, fields: dict[int, bytes]) -> float:
    """The time of a message that says it whole."""
    (whole,) = _numbers(order + "I", fields[TIMESTAMP])
    raw = fields.get(_FRACTION, b"")
    if len(raw) != 2:
        return whole
    (fraction,) = _numbers(order + "H", raw)
    if fraction == 0xFFFF:
        return whole
    return whole + fraction / 32768


def _fields(content: bytes, message: Message) -> dict[int, bytes]:
    fields = {}
    for at, field in offsets(message.definition.fields, message.start):
        fields[field.number] = content[at : at + field.size]
    return fields


def _numbers(code: str, raw: bytes) -> list[int]:
    """The whole numbers in some bytes; what is left of a last one is passed over."""
    size = struct.calcsize(code)
    whole = raw[: len(raw) // size * size]
    return [number for (number,) in struct.iter_unpack(code, whole)]


def _counted_on(last: int, raw: bytes) -> list[int]:
    """Times of which only the lowest twelve bits are said, counted on from the last one."""
    events = []
    for twelve in _twelves(raw[: len(raw) // 3 * 3]):
        last += (twelve - last) & 0xFFF
        events.append(last)
    return events


def _twelves(raw: bytes) -> Iterator[int]:
    for low, middle, high in zip(raw[::3], raw[1::3], raw[2::3], strict=True):
        yield low | (middle & 0x0F) << 8
        yield middle >> 4 | high << 4
