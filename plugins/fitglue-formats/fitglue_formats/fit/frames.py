"""Search for the messages of a FIT file, without decoding them.

A one-hour ride has 3,600 messages of one shape and a few hundred others. Telling them apart takes
milliseconds. Afterwards, only the few that summarize the workout are decoded one by one, and the
samples are decoded column by column.

FIT has no synchronization marks: after damage, the next message cannot be found. The messages in
front of the damage are returned together with its position.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from fitglue_formats.budget import (
    CHAINED_FILES,
    DEFINITIONS,
    FIELDS,
    MESSAGES,
    Budget,
    beyond,
)
from fitglue_formats.fit.definitions import Definition, body_at, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

# Global message numbers of the FIT profile.
FILE_ID = 0
SESSION = 18
LAP = 19
RECORD = 20
HRV = 78
HR = 132
#: The size of a file header without its checksum; headers of 14 bytes have one.
_SHORTEST_HEADER = 12
# Bits of a record header (FIT protocol): a compressed timestamp, or a definition message.
_COMPRESSED = 0x80
_DEFINITION = 0x40


#: The file header: its size, the versions of protocol and profile, the size of all messages,
#: ".FIT", and the checksum of the header.
_HEADER = struct.Struct("<BBHI4sH")


class Message(NamedTuple):
    """A data message: its definition, the position of its first field, and the time that its
    compressed header states (-1 if it has an ordinary header).
    """

    definition: Definition
    start: int
    time: int


@dataclass(slots=True)
class ChainedFile:
    """One FIT file with a header and a checksum. Several of them can be chained in one file.

    Attributes:
        begin: The position of its header.
        start: The position of its first message.
        end: The position after its last message, where the checksum is.
        messages: Its data messages in order.
    """

    begin: int
    start: int
    end: int
    messages: list[Message] = field(default_factory=list)


@dataclass(slots=True)
class Frames:
    """All chained files in the content, and a description of the damage if there is any.

    Attributes:
        content: The bytes of the file.
        files: Its chained files in order.
        damage: What is damaged, or ``None``.
        budget: What the file has used of the limits for all its chained files together.
    """

    content: bytes
    files: list[ChainedFile] = field(default_factory=list)
    damage: str | None = None
    budget: Budget = field(default_factory=Budget)

    def messages(self) -> Iterator[Message]:
        """Yield the messages of all chained files."""
        for file in self.files:
            yield from file.messages


class _Broken(Exception):
    """The error that ends the search for messages where the bytes cannot be understood."""


def find_messages(content: bytes) -> Frames:
    """Return the positions of all messages in the content of a file.

    If the file is damaged, the messages in front of the damage are returned. If not even the header
    is valid, ``files`` of the result is empty.

    Raises:
        RecordRefused: If the file has more messages, definitions or chained files than any workout.
    """
    frames = Frames(content)
    position = 0
    while frames.damage is None and _has_header(content, position):
        frames.budget.use(CHAINED_FILES)
        start = position + content[position]
        file = ChainedFile(position, start, start)
        frames.damage = _read_file(frames, file)
        frames.files.append(file)
        position = file.end + 2  # skips the checksum
    return frames


def file_header(size: int) -> bytes:
    """Return a file header for messages of the given total size.

    The checksum of the header is 0, which the FIT protocol allows.
    """
    return _HEADER.pack(_HEADER.size, 0x20, 2132, size, b".FIT", 0)


def _has_header(content: bytes, position: int) -> bool:
    """Return whether a file header begins at this position."""
    name_at = position + 8
    if not content.startswith(b".FIT", name_at):
        return False
    return content[position] >= _SHORTEST_HEADER


def _read_file(frames: Frames, file: ChainedFile) -> str | None:
    """Find the messages and the end of one chained file; return a description of its damage, if
    any.
    """
    content = frames.content
    (size,) = struct.unpack_from("<I", content, file.begin + 4)
    stated_end = file.start + size
    is_truncated = stated_end > len(content)
    file.end = stated_end
    # A device writes the size when it saves the recording. If it ran out of power before, the size
    # is 0 and the messages are there.
    if is_truncated or size == 0:
        file.end = len(content)
    damage = None
    try:
        _collect_messages(frames, file)
    except _Broken as broken:
        damage = str(broken)
    if size == 0:
        return (
            "the recording was never finished: its header says that it is empty; "
            f"{len(content):,} bytes were read"
        )
    if is_truncated and damage is None:
        return f"it is truncated: it has {len(content):,} bytes instead of {stated_end + 2:,}"
    return damage


class _Definitions:
    """The definitions of one chained file that are in effect, by their local numbers."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.by_local: dict[int, Definition] = {}
        self._by_body: dict[bytes, Definition] = {}

    def read(
        self,
        content: bytes,
        position: int,
        end: int,
    ) -> int:
        """Store the definition at a position, and return the position after it.

        Raises:
            _Broken: If the definition continues beyond the end.
            RecordRefused: If the file has more definitions than any workout.
        """
        self._budget.use(DEFINITIONS)
        body = body_at(content, position, end)
        if body is None:
            raise _Broken(
                f"it ends inside a message, at byte {position:,} of {len(content):,}; "
                "it was read up to there"
            )
        if body not in self._by_body:  # some apps repeat the definition before every message
            self._budget.use(FIELDS, len(body) // 3)  # each field has three bytes
            self._by_body[body] = parsed(body)
        local = content[position] & 15  # FIT protocol: the low four bits are the local number
        self.by_local[local] = self._by_body[body]
        return position + 1 + len(body)


def _collect_messages(frames: Frames, file: ChainedFile) -> None:
    """Append the messages of a chained file to its list.

    This loop runs once per second of every recording, so it is written for speed.

    Raises:
        _Broken: Where the bytes cannot be understood. The messages before are in the list.
        RecordRefused: If the file has more messages than any workout.
    """
    content = frames.content
    most = frames.budget.left(MESSAGES)
    definitions = _Definitions(frames.budget)
    by_local = definitions.by_local
    append = file.messages.append
    timed: Message | None = None
    position = file.start
    end = file.end
    while position < end:
        header = content[position]
        if header & _COMPRESSED:
            local = (header >> 5) & 3  # only two bits for the local number: five are the time
        elif header & _DEFINITION:
            position = definitions.read(content, position, end)
            continue
        else:
            local = header & 15
        definition = by_local.get(local)
        start = position + 1
        if definition is None or start + definition.size > end:
            raise _undecodable(content, position)
        time = -1
        if header & _COMPRESSED:
            # A message has its time either in the header or in a field.
            if definition.timestamp_at >= 0:
                raise _undecodable(content, position)
            time = _full_time(content, timed, header & 31)
        message = Message(definition, start, time)
        if time >= 0 or definition.timestamp_at >= 0:
            timed = message
        append(message)
        if len(file.messages) > most:
            raise beyond(MESSAGES)
        position = start + definition.size
    frames.budget.use(MESSAGES, len(file.messages))


def _undecodable(content: bytes, position: int) -> _Broken:
    """Return the error for bytes that cannot be understood."""
    return _Broken(
        f"it cannot be decoded after byte {position:,} of {len(content):,}; it was read up to there"
    )


def _full_time(
    content: bytes,
    timed: Message | None,
    offset: int,
) -> int:
    """Return the time of a message with a compressed header.

    FIT protocol: the header has the lowest five bits of the time. The message is at most 31 seconds
    later than the last message with a time. Without one, the result is -1.
    """
    if timed is None:
        return -1
    last = _stated_time(content, timed)
    later = (offset - last) & 31
    return last + later


def _stated_time(content: bytes, message: Message) -> int:
    """Return the time of a message, from its header or from its field."""
    if message.time >= 0:
        return message.time
    return _time(content, message)


def _time(content: bytes, message: Message) -> int:
    """Return the timestamp field of a message."""
    definition = message.definition
    at = message.start + definition.timestamp_at
    raw = content[at : at + 4]
    return int.from_bytes(raw, "big" if definition.big_endian else "little")
