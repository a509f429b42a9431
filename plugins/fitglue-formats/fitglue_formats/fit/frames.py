"""Cuts a FIT file into its messages without decoding them, as far as it is whole.

A one-hour ride is 3,600 messages of one shape and some hundred others. Told apart here, in
milliseconds, a first look needs to decode only a handful, and the samples can be decoded by the
column. What is behind a break cannot be found again: it is said where that was.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from fitdecode.profile import MESSAGE_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FILE_ID, SESSION, LAP, RECORD, HRV, HR = 0, 18, 19, 20, 78, 132
TIMESTAMP = 253
_SHORTEST_HEADER = 12
#: Eleven days, sampled once a second; a file of nothing but headers would have hundreds of
#: millions.
MOST_MESSAGES = 1_000_000
_COMPRESSED, _DEFINITION, _DEVELOPER = 0x80, 0x40, 0x20


class Field(NamedTuple):
    """One field of a definition; ``base`` is its base type, or the index of its developer."""

    number: int
    size: int
    base: int


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """The shape of the messages that follow it under one local number."""

    number: int
    big_endian: bool
    fields: tuple[Field, ...]
    developer_fields: tuple[Field, ...]
    size: int
    body: bytes  # without the header byte, as the file has it
    timestamp_at: int  # where the time is in a message, or -1

    @property
    def shape(self) -> tuple[int, bool, tuple[Field, ...], tuple[Field, ...]]:
        """Equal for definitions that mean the same: some apps write one before every message."""
        return self.number, self.big_endian, self.fields, self.developer_fields


class Message(NamedTuple):
    """One message: where it begins, and its time where a compressed header said it (else -1)."""

    definition: Definition
    start: int
    time: int


@dataclass(slots=True)
class Part:
    """One FIT file; several may be chained in one."""

    begin: int  # of its header
    start: int
    end: int
    messages: list[Message] = field(default_factory=list)


@dataclass(slots=True)
class Frames:
    """All parts of a file, and what is wrong with it, if anything is."""

    content: bytes
    parts: list[Part] = field(default_factory=list)
    damage: str | None = None


class _Broken(Exception):
    """Where the messages make no sense any more."""


def cut(content: bytes) -> Frames:
    """The messages of a file; of one that is broken those in front of the break, none where not
    even its header is right.
    """
    frames = Frames(content)
    position = 0
    while frames.damage is None and _has_header(content, position):
        start = position + content[position]
        part = Part(position, start, start)
        frames.damage = _cut_part(content, part)
        frames.parts.append(part)
        position = part.end + 2  # the checksum
    return frames


def offsets(fields: Iterable[Field], at: int = 0) -> Iterator[tuple[int, Field]]:
    """The fields of a message, each with the place where it begins; ``at`` is that of the first."""
    for one in fields:
        yield at, one
        at += one.size


def _has_header(content: bytes, position: int) -> bool:
    if content[position + 8 : position + 12] != b".FIT":
        return False
    return content[position] >= _SHORTEST_HEADER


def _cut_part(content: bytes, part: Part) -> str | None:
    """Find the messages and the end of one part; what is returned is what is wrong with it."""
    (size,) = struct.unpack_from("<I", content, part.begin + 4)
    stated_end = part.start + size
    is_cut = stated_end > len(content)
    part.end = len(content) if is_cut or size == 0 else stated_end
    damage = None
    try:
        _walk(content, part)
    except _Broken as broken:
        damage = str(broken)
    if size == 0:
        return (
            f"it was never finished: its header says that it is empty; {len(content):,} "
            "bytes were read"
        )
    if is_cut and damage is None:
        return f"it is cut after {len(content):,} bytes: it should have {stated_end + 2:,}"
    return damage


def _walk(content: bytes, part: Part) -> None:
    definitions: dict[int, Definition] = {}
    shapes: dict[bytes, Definition] = {}
    timed: Message | None = None
    append = part.messages.append
    position = part.start
    end = part.end
    while position < end:
        header = content[position]
        if header & _COMPRESSED:
            local = (header >> 5) & 3
        elif header & _DEFINITION:
            body = _body(content, position, end)
            if body not in shapes:  # some apps define every message anew
                shapes[body] = _definition(body)
            definitions[header & 15] = shapes[body]
            position += 1 + len(body)
            continue
        else:
            local = header & 15
        definition = definitions.get(local)
        start = position + 1
        if definition is None or start + definition.size > end:
            raise _senseless(content, position)
        time = -1
        if header & _COMPRESSED:
            if definition.timestamp_at >= 0:
                raise _senseless(content, position)
            time = _rolled(content, timed, header & 31)
        message = Message(definition, start, time)
        if time >= 0 or definition.timestamp_at >= 0:
            timed = message
        if len(part.messages) >= MOST_MESSAGES:
            raise _Broken(f"it holds more than {MOST_MESSAGES:,} messages: those were read")
        append(message)
        position = start + definition.size


def _senseless(content: bytes, position: int) -> _Broken:
    return _Broken(
        f"it makes no sense after byte {position:,} of {len(content):,}: it was read up to there"
    )


def _rolled(content: bytes, timed: Message | None, offset: int) -> int:
    """The time of a compressed header: the lowest five bits of it, counted on from the last full
    one.
    """
    if timed is None:
        return -1
    last = timed.time
    if last < 0:
        last = _time(content, timed)
    return last + ((offset - last) & 31)


def _time(content: bytes, message: Message) -> int:
    order = ">I" if message.definition.big_endian else "<I"
    at = message.start + message.definition.timestamp_at
    time: int = struct.unpack_from(order, content, at)[0]
    return time


def _body(content: bytes, position: int, end: int) -> bytes:
    """A definition without its header byte."""
    try:
        after = position + 6 + 3 * content[position + 5]
        if content[position] & _DEVELOPER:
            after += 1 + 3 * content[after]
    except IndexError:
        after = end + 1
    if after > end:
        raise _Broken(
            f"it is cut within byte {position:,} of {len(content):,}: it was read up to there"
        )
    return content[position + 1 : after]


def _definition(body: bytes) -> Definition:
    big_endian = bool(body[1] & 1)
    (number,) = struct.unpack_from(">H" if big_endian else "<H", body, 2)
    swapped = (number & 0xFF) << 8 | number >> 8
    if number not in MESSAGE_TYPES and swapped in MESSAGE_TYPES:
        # Some devices say the wrong order of bytes; the number of a message that exists gives them
        # away.
        number = swapped
        big_endian = not big_endian
        body = body[:1] + bytes([1 - (body[1] & 1)]) + body[2:]
    developer_at = 5 + 3 * body[4]
    fields = _fields(body[5:developer_at])
    developer_fields = _fields(body[developer_at + 1 :])
    return Definition(
        number=number,
        big_endian=big_endian,
        fields=fields,
        developer_fields=developer_fields,
        size=sum(one.size for one in fields + developer_fields),
        body=body,
        timestamp_at=_timestamp_at(fields),
    )


def _fields(raw: bytes) -> tuple[Field, ...]:
    return tuple(Field(*row) for row in struct.iter_unpack("BBB", raw))


def _timestamp_at(fields: tuple[Field, ...]) -> int:
    for at, one in offsets(fields):
        if one.number == TIMESTAMP and one.size == 4:
            return at
    return -1
