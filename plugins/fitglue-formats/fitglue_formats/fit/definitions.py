"""The definition messages of a FIT file: which fields the data messages have, and at which
offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from fitdecode.profile import MESSAGE_TYPES

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

#: The field number of the timestamp, which is the same in all messages.
TIMESTAMP = 253
#: The bit of a record header that states that developer fields follow (FIT protocol 2.0).
_DEVELOPER = 0x20


class Field(NamedTuple):
    """One field of a definition message.

    Attributes:
        number: The field number in the FIT profile, or in the developer's own numbering.
        size: The size in bytes.
        base: The base type; for a developer field, the index of its developer.
    """

    number: int
    size: int
    base: int


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """A definition message: the shape of the data messages that follow under its local number.

    Attributes:
        number: The global message number of the FIT profile.
        big_endian: Whether numbers begin with the most significant byte.
        fields: The native fields, in the order of their bytes.
        developer_fields: The developer fields, which follow the native ones.
        size: The size of a data message in bytes, without its header.
        head: What the definition states before its fields: byte order and message number.
        timestamp_at: The offset of the timestamp in a data message, or -1 if it has none.
    """

    number: int
    big_endian: bool
    fields: tuple[Field, ...]
    developer_fields: tuple[Field, ...]
    size: int
    head: bytes
    timestamp_at: int

    @property
    def shape(self) -> Hashable:
        """A key that is equal for definitions with the same meaning.

        Some apps repeat the definition before every message.
        """
        return self.number, self.big_endian, self.fields, self.developer_fields

    @property
    def order(self) -> str:
        """The byte order in the notation of struct and numpy, ``<`` or ``>``."""
        return ">" if self.big_endian else "<"


def offsets(
    fields: Iterable[Field],
    at: int = 0,
) -> Iterator[tuple[int, int, Field]]:
    """Yield each field of a message, with the offsets at which it begins and ends.

    Args:
        fields: The fields in the order of their bytes.
        at: The offset of the first field.

    Yields:
        The offset of the first byte, the offset after the last byte, and the field.
    """
    for field in fields:
        end = at + field.size
        yield at, end, field
        at = end


def body_at(
    content: bytes,
    position: int,
    end: int,
) -> bytes | None:
    """Return the definition message at a position, without its header byte.

    FIT protocol: five fixed bytes with the number of fields at the end, three bytes for each field,
    and the same again for developer fields if the header announces them.

    Returns:
        The bytes, or ``None`` if the definition continues beyond ``end``.
    """
    try:
        count = content[position + 5]
        after = position + 6 + 3 * count
        if content[position] & _DEVELOPER:  # another count and list follow the native fields
            developer_count = content[after]
            after += 1 + 3 * developer_count
    except IndexError:
        return None
    if after > end:
        return None
    return content[position + 1 : after]


def parsed(body: bytes) -> Definition:
    """Return the definition in these bytes, which do not include the header byte."""
    big_endian = bool(body[1] & 1)
    number = _number(body, big_endian=big_endian)
    swapped = _number(body, big_endian=not big_endian)
    if number not in MESSAGE_TYPES and swapped in MESSAGE_TYPES:
        # Some devices state the wrong byte order. It shows because the message number is unknown
        # as written, and known with its bytes swapped.
        number = swapped
        big_endian = not big_endian
        order = bytes([big_endian])
        body = body[:1] + order + body[2:]
    # Reserved byte, byte order, message number (2 bytes), number of fields, 3 bytes for each field.
    developers_at = 5 + 3 * body[4]
    fields = _fields(body[5:developers_at])
    # Some apps announce developer fields and then list none: the count is there, and it is 0.
    developer_fields = _fields(body[developers_at + 1 :])
    return Definition(
        number=number,
        big_endian=big_endian,
        fields=fields,
        developer_fields=developer_fields,
        size=_size(fields) + _size(developer_fields),
        head=body[:4],
        timestamp_at=_timestamp_at(fields),
    )


def _number(body: bytes, *, big_endian: bool) -> int:
    """Return the global message number in a definition."""
    return int.from_bytes(body[2:4], "big" if big_endian else "little")


def _fields(raw: bytes) -> tuple[Field, ...]:
    """Return the fields whose definitions are in these bytes, three bytes each."""
    fields = []
    for start in range(0, len(raw), 3):
        number, size, base = raw[start : start + 3]
        fields.append(Field(number, size, base))
    return tuple(fields)


def _size(fields: Iterable[Field]) -> int:
    """Return the size of these fields in bytes."""
    return sum(field.size for field in fields)


def _timestamp_at(fields: Iterable[Field]) -> int:
    """Return the offset of the timestamp, or -1 if no field is one."""
    for at, _, field in offsets(fields):
        if field.number == TIMESTAMP and field.size == 4:
            return at
    return -1
