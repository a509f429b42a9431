"""Writes FIT files, as far as the stand-in needs them.

The layout is that of https://developer.garmin.com/fit/protocol/. Garmin's own SDK could write them,
too; but then whoever installs the plugin would install the SDK for the stand-in only. The tests
read what is written here with the SDK.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from fitglue_intervals.testing.fit_profile import MESSAGES, VERSION, Field

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = str | float

_HEADER_SIZE = 14
_PROTOCOL = 0x20
_DEFINITION = 0x40
#: A message names its definition by a number of four bits.
_DEFINITIONS = 16
_POLYNOMIAL = 0xA001


class FitWriter:
    """A FIT file that grows message by message."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._defined = 0
        #: Message and names of fields → local number, and how the message is packed.
        self._definitions: dict[tuple[str, ...], tuple[int, struct.Struct]] = {}

    def write(self, message: str, values: Mapping[str, Value]) -> None:
        """Add a message; a layout that was not used before is defined first."""
        fields = MESSAGES[message].fields
        layout = (message, *values)
        if layout not in self._definitions:
            self._define(layout, [fields[name] for name in values])
        local, packer = self._definitions[layout]
        stored = [fields[name].stored(value) for name, value in values.items()]
        self._data += packer.pack(local, *stored)

    def content(self) -> bytes:
        """The whole file, with its checksums."""
        size = len(self._data)
        header = struct.pack(
            "<BBHI4s",
            _HEADER_SIZE,
            _PROTOCOL,
            VERSION,
            size,
            b".FIT",
        )
        header += struct.pack("<H", checksum(header))
        content = header + self._data
        return content + struct.pack("<H", checksum(content))

    def _define(self, layout: tuple[str, ...], fields: list[Field]) -> None:
        local = self._defined % _DEFINITIONS
        self._defined += 1
        for known, (number, _) in list(self._definitions.items()):
            if number == local:
                del self._definitions[known]
        number = MESSAGES[layout[0]].number
        self._data += struct.pack(
            "<BBBHB",
            _DEFINITION | local,
            0,
            0,
            number,
            len(fields),
        )
        formats = ""
        for field in fields:
            size = struct.calcsize(field.base.format)
            self._data += bytes((field.number, size, field.base.code))
            formats += field.base.format
        self._definitions[layout] = local, struct.Struct("<B" + formats)


def checksum(content: bytes) -> int:
    """The checksum of the FIT protocol, which is CRC-16/ARC."""
    crc = 0
    for byte in content:
        crc = (crc >> 8) ^ _CHECKSUMS[(crc ^ byte) & 0xFF]
    return crc


def _checksum_of_byte(byte: int) -> int:
    crc = byte
    for _ in range(8):
        carry = crc & 1
        crc >>= 1
        if carry:
            crc ^= _POLYNOMIAL
    return crc


_CHECKSUMS = [_checksum_of_byte(byte) for byte in range(256)]
