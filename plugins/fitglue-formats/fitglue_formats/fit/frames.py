"""Cuts a FIT file into its messages without decoding them, as far as it is whole.

A one-hour ride is 3,600 messages of one shape and some hundred others. Told apart here, in
milliseconds, a first look needs to decode only a handful, and the samples can be decoded by the
column. What is behind a break cannot be found again: it is said where that was.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from fitglue_formats.fit.definitions import Definition, body_at, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Numbers of messages.
FILE_ID = 0
SESSION = 18
LAP = 19
RECORD = 20
HRV = 78
HR = 132
_SHORTEST_HEADER = 12
#: Eleven days, sampled once a second; a file of nothing but headers would have hundreds of
#: millions.
MOST_MESSAGES = 1_000_000
#: Bits of the first byte of a message.
_COMPRESSED = 0x80
_DEFINITION = 0x40


#: Size of the header, versions of protocol and profile, size of the messages, name, checksum.
_HEADER = struct.Struct("<BBHI4sH")


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

    def messages(self) -> Iterator[Message]:
        """The messages of all parts."""
        for part in self.parts:
            yield from part.messages


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


def file_header(size: int) -> bytes:
    """The header of a file whose messages have so many bytes; its checksum is left out."""
    return _HEADER.pack(_HEADER.size, 0x20, 2132, size, b".FIT", 0)


def _has_header(content: bytes, position: int) -> bool:
    name_at = position + 8
    if not content.startswith(b".FIT", name_at):
        return False
    return content[position] >= _SHORTEST_HEADER


def _cut_part(content: bytes, part: Part) -> str | None:
    """Find the messages and the end of one part; what is returned is what is wrong with it."""
    (size,) = struct.unpack_from("<I", content, part.begin + 4)
    stated_end = part.start + size
    is_cut = stated_end > len(content)
    part.end = stated_end
    if is_cut or size == 0:
        part.end = len(content)
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


class _Definitions:
    """The definitions of one part that hold at the moment, by local number."""

    def __init__(self) -> None:
        self.by_local: dict[int, Definition] = {}
        self._by_body: dict[bytes, Definition] = {}

    def read(
        self,
        content: bytes,
        position: int,
        end: int,
    ) -> int:
        """Take in the definition at a place; what is returned is where it ends."""
        body = body_at(content, position, end)
        if body is None:
            raise _Broken(
                f"it is cut within byte {position:,} of {len(content):,}: it was read up to there"
            )
        if body not in self._by_body:  # some apps define every message anew
            self._by_body[body] = parsed(body)
        local = content[position] & 15
        self.by_local[local] = self._by_body[body]
        return position + 1 + len(body)


def _walk(content: bytes, part: Part) -> None:
    """Find the messages of a part; raises ``_Broken`` where they make no sense any more."""
    definitions = _Definitions()
    by_local = definitions.by_local
    append = part.messages.append
    timed: Message | None = None
    position = part.start
    end = part.end
    while position < end:
        header = content[position]
        if header & _COMPRESSED:
            local = (header >> 5) & 3
        elif header & _DEFINITION:
            position = definitions.read(content, position, end)
            continue
        else:
            local = header & 15
        definition = by_local.get(local)
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


def _rolled(
    content: bytes,
    timed: Message | None,
    offset: int,
) -> int:
    """The time of a compressed header: the lowest five bits of it, counted on from the last full
    one.
    """
    if timed is None:
        return -1
    last = timed.time
    if last < 0:
        last = _time(content, timed)
    later = (offset - last) & 31
    return last + later


def _time(content: bytes, message: Message) -> int:
    definition = message.definition
    at = message.start + definition.timestamp_at
    raw = content[at : at + 4]
    return int.from_bytes(raw, "big" if definition.big_endian else "little")
