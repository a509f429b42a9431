"""Heart rates that a strap kept to itself (under water) and handed over at the end: ``hr`` messages
with a clock of their own.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from fitglue_formats.fit.frames import HR, TIMESTAMP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from fitglue_formats.fit.frames import Message

    Numbers = NDArray[np.float64]

_FRACTION, _BPM, _EVENT, _EVENT_12 = 0, 6, 9, 10
#: A beat is the heart rate of the samples that follow it this closely.
_HOLDS_S = 5.0


def heart_rates(content: bytes, messages: Iterable[Message], time: Numbers) -> Numbers | None:
    """The heart rate at each of ``time``, NaN where the strap says none; ``None`` where there are
    no such messages.
    """
    beats = sorted(_beats(content, messages))
    if not beats:
        return None
    at, bpm = (np.array(column, dtype=np.float64) for column in zip(*beats, strict=True))
    latest = np.searchsorted(at, np.nan_to_num(time) + 0.5, side="right") - 1
    held = (latest >= 0) & (np.abs(time - at[latest]) <= _HOLDS_S)
    return np.where(held, bpm[latest], np.nan)


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
        events = [
            raw[0] for raw in struct.iter_unpack(order + "I", _whole(fields.get(_EVENT, b""), 4))
        ]
        if events and TIMESTAMP in fields and len(fields[TIMESTAMP]) == 4:
            fraction = (
                struct.unpack(order + "H", fields[_FRACTION])[0]
                if len(fields.get(_FRACTION, b"")) == 2
                else 0
            )
            whole = struct.unpack(order + "I", fields[TIMESTAMP])[0]
            offset, last = (
                whole + (fraction / 32768 if fraction != 0xFFFF else 0) - events[0] / 1024,
                events[-1],
            )
        else:
            events = []
            for twelve in _twelves(_whole(fields.get(_EVENT_12, b""), 3)):
                last += (twelve - last) & 0xFFF
                events.append(last)
        if offset is not None:
            yield from (
                (offset + event / 1024, bpm)
                for event, bpm in zip(events, fields.get(_BPM, b""), strict=False)
                if 0 < bpm < 0xFF
            )


def _fields(content: bytes, message: Message) -> dict[int, bytes]:
    found, at = {}, message.start
    for field in message.definition.fields:
        found[field.number] = content[at : at + field.size]
        at += field.size
    return found


def _whole(raw: bytes, size: int) -> bytes:
    return raw[: len(raw) // size * size]


def _twelves(raw: bytes) -> Iterator[int]:
    for low, middle, high in zip(raw[::3], raw[1::3], raw[2::3], strict=True):
        yield low | (middle & 0x0F) << 8
        yield middle >> 4 | high << 4
