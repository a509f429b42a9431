"""The definitions in a FIT file: which fields the messages that follow have, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from fitdecode.profile import MESSAGE_TYPES

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

TIMESTAMP = 253
_DEVELOPER = 0x20


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
    def shape(self) -> Hashable:
        """Equal for definitions that mean the same: some apps write one before every message."""
        return self.number, self.big_endian, self.fields, self.developer_fields

    @property
    def order(self) -> str:
        """The order of bytes, as struct and numpy write it."""
        return ">" if self.big_endian else "<"


def offsets(
    fields: Iterable[Field],
    at: int = 0,
) -> Iterator[tuple[int, int, Field]]:
    """Where each field of a message begins and ends; ``at`` is where the first one begins."""
    for field in fields:
        end = at + field.size
        yield at, end, field
        at = end


def body_at(
    content: bytes,
    position: int,
    end: int,
) -> bytes | None:
    """The definition at a place, without its header byte; ``None`` where it goes beyond the end."""
    try:
        count = content[position + 5]
        after = position + 6 + 3 * count
        if content[position] & _DEVELOPER:
            developer_count = content[after]
            after += 1 + 3 * developer_count
    except IndexError:
        return None
    if after > end:
        return None
    return content[position + 1 : after]


def parsed(body: bytes) -> Definition:
    """What a definition says; ``body`` is the definition without its header byte."""
    big_endian = bool(body[1] & 1)
    number = _number(body, big_endian=big_endian)
    swapped = _number(body, big_endian=not big_endian)
    if number not in MESSAGE_TYPES and swapped in MESSAGE_TYPES:
        # Some devices say the wrong order of bytes; the number of a message that exists gives them
        # away.
        number = swapped
        big_endian = not big_endian
        order = bytes([big_endian])
        body = body[:1] + order + body[2:]
    developers_at = 5 + 3 * body[4]
    fields = _fields(body[5:developers_at])
    developer_fields = _fields(body[developers_at + 1 :])
    return Definition(
        number=number,
        big_endian=big_endian,
        fields=fields,
        developer_fields=developer_fields,
        size=_size(fields) + _size(developer_fields),
        body=body,
        timestamp_at=_timestamp_at(fields),
    )


def _number(body: bytes, *, big_endian: bool) -> int:
    """The number of the message that is defined."""
    return int.from_bytes(body[2:4], "big" if big_endian else "little")


def _fields(raw: bytes) -> tuple[Field, ...]:
    fields = []
    for start in range(0, len(raw), 3):
        number, size, base = raw[start : start + 3]
        fields.append(Field(number, size, base))
    return tuple(fields)


def _size(fields: Iterable[Field]) -> int:
    return sum(field.size for field in fields)


def _timestamp_at(fields: Iterable[Field]) -> int:
    for at, _, field in offsets(fields):
        if field.number == TIMESTAMP and field.size == 4:
            return at
    return -1
