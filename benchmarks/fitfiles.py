"""Writes FIT files as a bike computer does: one hour with one sample per second of position, heart
rate, power, cadence, and one lap.
"""

from __future__ import annotations

import math
import random
import struct
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_EPOCH = datetime(1989, 12, 31, tzinfo=UTC)
_UINT32, _SINT32, _UINT16, _UINT8, _ENUM = 0x86, 0x85, 0x84, 0x02, 0x00
#: Base type → format character of ``struct``, little-endian (FIT protocol, section "Base types").
_FORMATS = {_UINT32: "I", _SINT32: "i", _UINT16: "H", _UINT8: "B", _ENUM: "B"}
#: Message → its number in the FIT profile, and its fields: number and base type.
_FILE_ID = 0, ((0, _ENUM), (1, _UINT16), (2, _UINT16), (3, 0x8C), (4, _UINT32))
_RECORD = (
    20,
    (
        (253, _UINT32),
        (0, _SINT32),
        (1, _SINT32),
        (2, _UINT16),
        (3, _UINT8),
        (4, _UINT8),
        (5, _UINT32),
        (6, _UINT16),
        (7, _UINT16),
    ),
)
_LAP = 19, ((253, _UINT32), (2, _UINT32), (7, _UINT32), (8, _UINT32), (9, _UINT32))
_SESSION = (
    18,
    (
        (253, _UINT32),
        (2, _UINT32),
        (5, _ENUM),
        (6, _ENUM),
        (7, _UINT32),
        (8, _UINT32),
        (9, _UINT32),
        (11, _UINT16),
        (16, _UINT8),
        (17, _UINT8),
        (20, _UINT16),
    ),
)
_ACTIVITY = (
    34,
    ((253, _UINT32), (0, _UINT32), (1, _UINT16), (2, _ENUM), (3, _ENUM), (4, _ENUM), (5, _UINT32)),
)
_FORMATS[0x8C] = "I"  # uint32z: the serial number
_DEGREE = 2**31 / 180
_CRC = [
    0,
    0xCC01,
    0xD801,
    0x1400,
    0xF001,
    0x3C00,
    0x2800,
    0xE401,
    0xA001,
    0x6C00,
    0x7800,
    0xB401,
    0x5000,
    0x9C01,
    0x8801,
    0x4400,
]


def write_archive(path: Path, count: int) -> None:
    """Write a zip of ``count`` rides of one hour."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in _rides(count):
            archive.writestr(f"activities/{name}", content)


def write_folder(folder: Path, count: int) -> None:
    """Write a new folder with ``count`` rides of one hour."""
    folder.mkdir()
    for name, content in _rides(count):
        (folder / name).write_bytes(content)


def _rides(count: int) -> Iterator[tuple[str, bytes]]:
    """Yield the names and contents of rides, one per day back from a fixed date, so that each run
    measures the same bytes.
    """
    newest = datetime(2026, 11, 20, 7, tzinfo=UTC)
    for number in range(count):
        start = newest - timedelta(days=number, seconds=number * 37 % 3600)
        yield f"{start:%Y-%m-%d}.fit", ride(start, 3600, seed=number)


def ride(started: datetime, seconds: int, seed: int) -> bytes:
    """Return one ride as a FIT file; ``seed`` decides its course, power and heart rate."""
    chance, start = random.Random(seed), int((started - _EPOCH).total_seconds())
    body = bytearray(
        _defined(0, *_FILE_ID)
        + _packed(0, _FILE_ID[1], 4, 1, 3121, 3_900_000_000 + seed % 3, start)
    )
    body += _defined(1, *_RECORD)
    latitude, longitude, meters, heart_rate, watts = (
        47.0 + chance.random(),
        8.0 + chance.random(),
        0.0,
        110.0,
        180.0,
    )
    heading, record = chance.random() * 6.28, struct.Struct("<BIiiHBBIHH")
    for second in range(seconds):
        heading += chance.gauss(0, 0.02)
        watts = max(0.0, watts + chance.gauss(0, 12) + (190 - watts) * 0.02)
        heart_rate += (90 + watts / 3 - heart_rate) * 0.02 + chance.gauss(0, 0.4)
        speed = 3 + watts**0.5 / 3
        # A degree of latitude has 111 km; one of longitude about 75 km at this latitude.
        meters += speed
        latitude += math.cos(heading) * speed / 111_000
        longitude += math.sin(heading) * speed / 75_000
        height = 430 + 40 * math.sin(second / 400)
        # FIT stores positions in semicircles, altitude in fifths of a meter above -500 m, distance
        # in cm and speed in mm/s.
        body += record.pack(
            1,
            start + second,
            int(latitude * _DEGREE),
            int(longitude * _DEGREE),
            int((height + 500) * 5),
            int(heart_rate),
            85 if watts > 40 else 0,
            int(meters * 100),
            int(speed * 1000),
            int(watts),
        )
    end, totals = start + seconds, (seconds * 1000, seconds * 1000, int(meters * 100))
    body += _defined(2, *_LAP) + _packed(2, _LAP[1], end, start, *totals)
    body += _defined(3, *_SESSION) + _packed(
        3, _SESSION[1], end, start, 2, 7, *totals, 700, 140, 180, 190
    )
    body += _defined(4, *_ACTIVITY) + _packed(
        4, _ACTIVITY[1], end, seconds * 1000, 1, 0, 26, 1, end + 3600
    )
    head = struct.pack("<BBHI4s", 14, 0x20, 2195, len(body), b".FIT")
    head += struct.pack("<H", _checksum(head))
    return head + body + struct.pack("<H", _checksum(head + body))


def _defined(local: int, number: int, fields: tuple[tuple[int, int], ...]) -> bytes:
    """Return a definition message."""
    sizes = (bytes((field, struct.calcsize(_FORMATS[base]), base)) for field, base in fields)
    return struct.pack("<BBBHB", 0x40 | local, 0, 0, number, len(fields)) + b"".join(sizes)


def _packed(local: int, fields: tuple[tuple[int, int], ...], *values: int) -> bytes:
    """Return a data message."""
    return struct.pack("<B" + "".join(_FORMATS[base] for _, base in fields), local, *values)


def _checksum(content: bytes) -> int:
    """Return the CRC-16 of a FIT file, computed by nibbles as in the FIT protocol."""
    crc = 0
    for byte in content:
        crc = (crc >> 4) ^ _CRC[(crc ^ byte) & 15]
        crc = (crc >> 4) ^ _CRC[(crc ^ (byte >> 4)) & 15]
    return crc
