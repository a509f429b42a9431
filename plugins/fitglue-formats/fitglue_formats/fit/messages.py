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
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import fitdecode

from fitglue_formats.fit.definitions import offsets
from fitglue_formats.fit.frames import file_header

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from fitglue_formats.fit.definitions import Definition
    from fitglue_formats.fit.frames import Frames, Message, Part

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


class _Decoded(NamedTuple):
    """Messages by their kind, and how many beside them cannot be read."""

    messages: list[tuple[str, Values]]
    lost: int


def decode(frames: Frames, wanted: Collection[int]) -> Messages:
    """The messages with the wanted numbers."""
    messages = Messages()
    for number, part in enumerate(frames.parts):
        chosen = _chosen(frames.content, part, wanted)
        decoded = _decode(frames.content, chosen)
        messages.lost += decoded.lost
        for kind, values in decoded.messages:
            values["part"] = number
            messages.add(kind, values)
    return messages


def _chosen(
    content: bytes,
    part: Part,
    wanted: Collection[int],
) -> list[Message]:
    """Of the devices only those that recorded: a long ride names its dozen sensors a dozen
    times.
    """
    chosen = []
    for message in part.messages:
        number = message.definition.number
        if number not in wanted:
            continue
        if number != _DEVICE_INFO or _is_creator(content, message):
            chosen.append(message)
    return chosen


def _is_creator(content: bytes, message: Message) -> bool:
    for at, _, field in offsets(message.definition.fields, message.start):
        if field.number == 0:
            return content[at] in (0, 0xFF)
    return True


def _decode(content: bytes, chosen: Sequence[Message]) -> _Decoded:
    """The messages of one part."""
    decoded: list[tuple[str, Values]] = []
    left = list(chosen)
    for stumbles in range(_MOST_STUMBLES):
        done = 0
        try:
            for kind, values in _read(content, left):
                time = left[done].time
                done += 1
                if time >= 0:
                    values["timestamp"] = time
                decoded.append((kind, values))
        except _STUMBLES:
            developers = filter(_is_of_developer, left[:done])
            left = [*developers, *left[done + 1 :]]
        else:
            return _Decoded(decoded, stumbles)
    return _Decoded(decoded, _MOST_STUMBLES + len(left))


def _is_of_developer(message: Message) -> bool:
    return message.definition.number in _DEVELOPER


def _read(
    content: bytes,
    chosen: Sequence[Message],
) -> Iterator[tuple[str, Values]]:
    """The messages through fitdecode, as a file of their own."""
    reader = fitdecode.FitReader(
        io.BytesIO(_packed(content, chosen)),
        processor=None,
        check_crc=fitdecode.CrcCheck.DISABLED,
        error_handling=fitdecode.ErrorHandling.IGNORE,
    )
    with reader:
        for frame in reader:
            if frame.frame_type == fitdecode.FIT_FRAME_DATA:
                yield frame.name, _values(frame)


def _packed(content: bytes, chosen: Sequence[Message]) -> bytes:
    """A FIT file of these messages alone, without a checksum."""
    packed = bytearray()
    shape: Definition | None = None
    for message in chosen:
        definition = message.definition
        if shape is not definition:
            shape = definition
            packed += b"\x60" if definition.developer_fields else b"\x40"
            packed += definition.body
        end = message.start + definition.size
        packed += b"\0"
        packed += content[message.start : end]
    header = file_header(len(packed))
    return header + packed + b"\0\0"


def _values(frame: Any) -> Values:
    """Every field by its name; what is null at the source is left out."""
    values: Values = {}
    for field in frame.fields:
        if field.value is None:
            continue
        if field.field_def is not None and field.field_def.is_dev:
            continue
        if field.parent_field is not None:
            values.setdefault(field.parent_field.name, field.value)
        values[field.name] = field.value
    return values
