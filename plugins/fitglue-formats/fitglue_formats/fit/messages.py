"""Decodes with fitdecode the messages that say what was done; samples are left out before it sees
them.

fitdecode takes some 200 µs a message, whatever is in it, and stops at the first one that it cannot
read: so it is given what is wanted and nothing else, and what it stumbles over is left out and
counted.
"""

from __future__ import annotations

import io
import struct
from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeAlias

import fitdecode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from fitglue_formats.fit.frames import Definition, Frames, Message, Part

Values: TypeAlias = "dict[str, Any]"
#: What a first look needs, and what everything needs; developer data (206, 207) comes first, for
#: others refer to it.
GLANCE = frozenset({0, 12, 18, 23, 34, 206, 207})
WHOLE = GLANCE | {19, 21, 101, 225, 264}
_DEVELOPER = (206, 207)
_DEVICE_INFO = 23
#: A file is not decoded over and over for the sake of what is broken in it.
_MOST_STUMBLES = 20
_STUMBLES = (
    fitdecode.FitError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    struct.error,
)


class Messages:
    """The decoded messages of a file by their kind, in order; times are seconds of the FIT
    epoch.
    """

    def __init__(self) -> None:
        self._found: dict[str, list[Values]] = defaultdict(list)
        self.lost = 0

    def add(self, kind: str, values: Values) -> None:
        """Keep one message."""
        self._found[kind].append(values)

    def all(self, kind: str) -> list[Values]:
        """Every message of a kind."""
        return self._found.get(kind, [])

    def first(self, kind: str) -> Values:
        """The first message of a kind, empty where there is none."""
        return next(iter(self.all(kind)), {})


def decode(frames: Frames, wanted: Collection[int]) -> Messages:
    """The messages with the wanted numbers."""
    messages = Messages()
    for number, part in enumerate(frames.parts):
        for kind, values in _decode(frames.content, part, wanted, messages):
            messages.add(kind, values | {"part": number})
    return messages


def _decode(
    content: bytes, part: Part, wanted: Collection[int], messages: Messages
) -> Iterator[tuple[str, Values]]:
    left = _chosen(content, part, wanted)
    for _ in range(_MOST_STUMBLES):
        done = 0
        try:
            for kind, values in _read(content, left):
                done += 1
                time = left[done - 1].time
                yield kind, values | ({"timestamp": time} if time >= 0 else {})
        except _STUMBLES:
            messages.lost += 1
            left = [
                message for message in left[:done] if message.definition.number in _DEVELOPER
            ] + left[done + 1 :]
        else:
            return
    messages.lost += len(left)


def _chosen(content: bytes, part: Part, wanted: Collection[int]) -> list[Message]:
    """Of the devices only those that recorded: a long ride names its dozen sensors a dozen
    times.
    """
    return [
        message
        for message in part.messages
        if message.definition.number in wanted
        and (message.definition.number != _DEVICE_INFO or _is_creator(content, message))
    ]


def _is_creator(content: bytes, message: Message) -> bool:
    at = message.start
    for field in message.definition.fields:
        if field.number == 0:
            return content[at] in (0, 0xFF)
        at += field.size
    return True


def _read(content: bytes, chosen: Sequence[Message]) -> Iterator[tuple[str, Values]]:
    """The messages through fitdecode, as a file of their own."""
    packed = bytearray()
    shape: Definition | None = None
    for message in chosen:
        definition = message.definition
        if shape is not definition:
            shape = definition
            packed += bytes([0x60 if definition.developer_fields else 0x40]) + definition.body
        packed += b"\0" + content[message.start : message.start + definition.size]
    header = struct.pack("<BBHI4sH", 14, 0x20, 2132, len(packed), b".FIT", 0)
    reader = fitdecode.FitReader(
        io.BytesIO(header + packed + b"\0\0"),
        processor=None,
        check_crc=fitdecode.CrcCheck.DISABLED,
        error_handling=fitdecode.ErrorHandling.IGNORE,
    )
    with reader:
        for frame in reader:
            if frame.frame_type == fitdecode.FIT_FRAME_DATA:
                yield frame.name, _values(frame)


def _values(frame: Any) -> Values:
    """Every field by its name; what is null at the source is left out."""
    values: Values = {}
    for found in frame.fields:
        if found.value is None or (found.field_def is not None and found.field_def.is_dev):
            continue
        if found.parent_field is not None:
            values.setdefault(found.parent_field.name, found.value)
        values[found.name] = found.value
    return values
