"""A writer of FIT files with the features that the stand-in needs.

The layout is described at https://developer.garmin.com/fit/protocol/. Garmin's own SDK can write
FIT files, too, but everyone who installs the plugin would then install the SDK only for the
stand-in. The tests read the files with that SDK.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from fitglue_intervals.testing.fit_profile import MESSAGES, VERSION, Field

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = str | float

_HEADER_SIZE = 14
#: Version 2.0 of the protocol: four bits each for major and minor.
_PROTOCOL = 0x20
#: The bit of a message header that marks a definition.
_DEFINITION = 0x40
#: A message refers to its definition by a local number of four bits.
_DEFINITIONS = 16
#: The polynomial of CRC-16/ARC, with its bits reversed.
_POLYNOMIAL = 0xA001


class FitWriter:
    """A FIT file that grows message by message."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._defined = 0
        #: Message and names of its fields → local number, and the packer of such a message.
        self._definitions: dict[tuple[str, ...], tuple[int, struct.Struct]] = {}

    def write(self, message: str, values: Mapping[str, Value]) -> None:
        """Append a message, after the definition of its layout if that is not in force.

        Args:
            message: The name of a message of ``fit_profile.MESSAGES``.
            values: Field → value, in the units of the profile.
        """
        fields = MESSAGES[message].fields
        layout = (message, *values)
        if layout not in self._definitions:
            self._define(layout, [fields[name] for name in values])
        local, packer = self._definitions[layout]
        stored = [fields[name].stored(value) for name, value in values.items()]
        self._data += packer.pack(local, *stored)

    def content(self) -> bytes:
        """Return the complete file, with its header and its checksums."""
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
        """Append a definition message and remember how messages of this layout are packed."""
        # Local numbers are used in turn. A definition replaces the one that had its number, so a
        # later message with that older layout has to be defined again.
        local = self._defined % _DEFINITIONS
        self._defined += 1
        for other, (number, _) in list(self._definitions.items()):
            if number == local:
                del self._definitions[other]
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
    """Return the checksum of the FIT protocol, which is CRC-16/ARC."""
    crc = 0
    for byte in content:
        crc = (crc >> 8) ^ _CHECKSUMS[(crc ^ byte) & 0xFF]
    return crc


def _checksum_of_byte(byte: int) -> int:
    """Return the checksum of one byte, from which the table of all bytes is made."""
    crc = byte
    for _ in range(8):
        carry = crc & 1
        crc >>= 1
        if carry:
            crc ^= _POLYNOMIAL
    return crc


_CHECKSUMS = [_checksum_of_byte(byte) for byte in range(256)]
