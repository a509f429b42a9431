"""Cuts a FIT file into its messages without decoding them, as far as it is whole.

A one-hour ride is 3,600 messages of one shape and some hundred others. Told apart here, in
milliseconds, a first look needs to decode only a handful, and the samples can be decoded by the
column. What is behind a break cannot be found again: it is said where that was.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

from fitdecode.profile import MESSAGE_TYPES

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
    while (
        frames.damage is None
        and content[position + 8 : position + 12] == b".FIT"
        and content[position] >= _SHORTEST_HEADER
    ):
        header, said = content[position], struct.unpack_from("<I", content, position + 4)[0]
        part = Part(position, position + header, position + header + said)
        short = said == 0 or part.end > len(content)
        if short:
            part.end = len(content)
        try:
            _walk(content, part)
        except _Broken as broken:
            frames.damage = str(broken)
        if short:
            frames.damage = (
                f"it was never finished: its header says that it is empty; {len(content):,} "
                "bytes were read"
                if said == 0
                else frames.damage
                or (
                    f"it is cut after {len(content):,} bytes: it should have "
                    f"{position + header + said + 2:,}"
                )
            )
        frames.parts.append(part)
        position = part.end + 2  # the checksum
    return frames


def _walk(content: bytes, part: Part) -> None:
    definitions: dict[int, Definition] = {}
    shapes: dict[bytes, Definition] = {}
    position, end, append = part.start, part.end, part.messages.append
    timed: Message | None = None
    while position < end:
        header = content[position]
        if header & _DEFINITION and not header & _COMPRESSED:
            body = _body(content, position, end)
            if body not in shapes:  # some apps define every message anew
                shapes[body] = _definition(body)
            definitions[header & 15] = shapes[body]
            position += 1 + len(body)
            continue
        found = definitions.get((header >> 5) & 3 if header & _COMPRESSED else header & 15)
        start = position + 1
        if (
            found is None
            or (header & _COMPRESSED and found.timestamp_at >= 0)
            or start + found.size > end
        ):
            raise _Broken(
                f"it makes no sense after byte {position:,} of {len(content):,}: it was read "
                "up to there"
            )
        message = Message(
            found, start, _rolled(content, timed, header & 31) if header & _COMPRESSED else -1
        )
        if message.time >= 0 or found.timestamp_at >= 0:
            timed = message
        if len(part.messages) >= MOST_MESSAGES:
            raise _Broken(f"it holds more than {MOST_MESSAGES:,} messages: those were read")
        append(message)
        position = start + found.size


def _rolled(content: bytes, timed: Message | None, offset: int) -> int:
    """The time of a compressed header: the lowest five bits of it, counted on from the last full
    one.
    """
    if timed is None:
        return -1
    last = timed.time if timed.time >= 0 else _time(content, timed)
    return last + ((offset - last) & 31)


def _time(content: bytes, message: Message) -> int:
    order = ">I" if message.definition.big_endian else "<I"
    time: int = struct.unpack_from(order, content, message.start + message.definition.timestamp_at)[
        0
    ]
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
    big, count = bool(body[1] & 1), body[4]
    fields = tuple(Field(*body[at : at + 3]) for at in range(5, 5 + 3 * count, 3))
    developer = tuple(Field(*body[at : at + 3]) for at in range(6 + 3 * count, len(body), 3))
    number = struct.unpack_from(">H" if big else "<H", body, 2)[0]
    swapped = (number & 0xFF) << 8 | number >> 8
    if number not in MESSAGE_TYPES and swapped in MESSAGE_TYPES:
        # Some devices say the wrong order of bytes; the number of a message that exists gives them
        # away.
        number, big, body = swapped, not big, body[:1] + bytes([1 - (body[1] & 1)]) + body[2:]
    size = sum(one.size for one in fields) + sum(one.size for one in developer)
    return Definition(number, big, fields, developer, size, body, _timestamp_at(fields))


def _timestamp_at(fields: tuple[Field, ...]) -> int:
    at = 0
    for one in fields:
        if one.number == TIMESTAMP and one.size == 4:
            return at
        at += one.size
    return -1
