"""Writers of small GPX and FIT files for tests.

The methods have defaults for everything, so that a test states only what it is about.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from fitdecode.utils import compute_crc

from fitglue_formats.fit.frames import file_header

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Self

# -- GPX -------------------------------------------------------------------------------------------

GPX_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><gpx version="1.1" creator="Test watch" '
    'xmlns="http://www.topografix.com/GPX/1/1" '
    'xmlns:x="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">'
)
#: Seconds after 06:00 UTC (``None`` for a point without a time), latitude, and more XML.
Point: TypeAlias = "tuple[int | None, float, str]"
_SEGMENT: list[Point] = [
    (0, 47.0, "<ele>500</ele>"),
    (10, 47.001, "<ele>510</ele>"),
    (20, 47.002, "<ele>505</ele>"),
]


def gpx_file(
    *segments: list[Point],
    trk: str = "",
    head: str = GPX_HEAD,
) -> bytes:
    """Return a GPX file with one track.

    Args:
        *segments: The points of each segment of the track; without any, there is one segment of
            three points.
        trk: XML that is put before the segments, such as a name or a type.
        head: Everything before the track.
    """
    track = "".join(map(_segment, segments or [_SEGMENT]))
    return f"{head}<trk>{trk}{track}</trk></gpx>".encode()


def _segment(points: list[Point]) -> str:
    inner = "".join(_point(*point) for point in points)
    return f"<trkseg>{inner}</trkseg>"


def _point(
    second: int | None,
    latitude: float,
    more: str,
) -> str:
    time = ""
    if second is not None:
        minutes, seconds = divmod(second, 60)
        time = f"<time>2026-05-03T06:{minutes:02}:{seconds:02}Z</time>"
    # GPX 1.1 orders the elements as ele, time, extensions. The time is first here, because ``more``
    # may contain both others; readers accept any order.
    return f'<trkpt lat="{latitude}" lon="11.0">{time}{more}</trkpt>'


# -- FIT -------------------------------------------------------------------------------------------

#: Base types of the FIT protocol by our short names: the number that a definition contains (its
#: highest bit marks types of several bytes), and the format character of ``struct``.
BASES = {
    "enum": (0x00, "B"),
    "i1": (0x01, "b"),
    "u1": (0x02, "B"),
    "i2": (0x83, "h"),
    "u2": (0x84, "H"),
    "i4": (0x85, "i"),
    "u4": (0x86, "I"),
    "text": (0x07, "s"),
    "f4": (0x88, "f"),
    "u4z": (0x8C, "I"),
    "byte": (0x0D, "B"),
}
#: A time in April 2026, in seconds after the FIT epoch (1989-12-31 UTC).
T0 = 1_145_000_000
#: Number of a field → its base type (a key of ``BASES``), and its value or values.
Fields: TypeAlias = "Mapping[int, tuple[str, Any]]"
#: The same for developer fields: the key is the index of the developer and the field number.
DeveloperFields: TypeAlias = "Mapping[tuple[int, int], tuple[str, Any]]"
#: FIT states positions in semicircles: 2**31 of them are 180 degrees.
_DEGREE = 2**31 / 180


class _Field(NamedTuple):
    """One field of a message: the three bytes of its definition, and its packed value."""

    definition: bytes
    value: bytes


class FitFile:
    """A writer of FIT files that appends message by message.

    Every method that appends a message returns the writer, so calls can be chained. Times are
    seconds after ``T0``. ``body`` contains the messages so far; a test may append raw bytes to it.

    Args:
        big_endian: Whether the messages are written with the most significant byte first.
    """

    def __init__(self, *, big_endian: bool = False) -> None:
        self.order = ">" if big_endian else "<"
        self.big = int(big_endian)
        self.body = bytearray()

    def write(
        self,
        number: int,
        fields: Fields,
        developer: DeveloperFields | None = None,
    ) -> Self:
        """Append a message, preceded by its definition.

        Args:
            number: The global message number of the FIT profile, such as 20 for ``record``.
            fields: The fields by their numbers in the profile. Values are raw: no scale or offset
                is applied.
            developer: The developer fields, if any.
        """
        plain = []
        for key, (base, value) in fields.items():
            raw = self._pack(base, value)
            code, _ = BASES[base]
            plain.append(_Field(bytes([key, len(raw), code]), raw))
        extra = []
        for (index, key), (base, value) in (developer or {}).items():
            raw = self._pack(base, value)
            extra.append(_Field(bytes([key, len(raw), index]), raw))
        header = 0x60 if extra else 0x40
        self.body += bytes([header, 0, self.big])
        self.body += struct.pack(self.order + "H", number)
        self.body += _definition(plain)
        if extra:
            self.body += _definition(extra)
        self.body.append(0)
        for field in plain + extra:
            self.body += field.value
        return self

    def _pack(self, base: str, value: Any) -> bytes:
        if base == "text":
            return str(value).encode() + b"\0"
        if not isinstance(value, list | tuple):
            value = [value]
        _, letter = BASES[base]
        return struct.pack(f"{self.order}{len(value)}{letter}", *value)

    def content(
        self,
        *,
        stated_size: int | None = None,
        checksum: bytes | None = None,
    ) -> bytes:
        """Return the complete file: header, messages and checksum.

        Args:
            stated_size: The size of the messages that the header states, to write a wrong one.
            checksum: The bytes of the checksum, to write a wrong one or none.
        """
        if stated_size is None:
            stated_size = len(self.body)
        header_and_body = file_header(stated_size) + bytes(self.body)
        if checksum is None:
            checksum = compute_crc(header_and_body).to_bytes(2, "little")
        return header_and_body + checksum

    # -- the messages that most tests need ---------------------------------------------------------

    def file_id(
        self,
        kind: int = 4,
        serial: int = 3_900_000_001,
    ) -> Self:
        """Append the message ``file_id``: the type of the file (4 is an activity), and its
        device.
        """
        fields = {
            0: ("enum", kind),
            1: ("u2", 1),
            2: ("u2", 2697),
            3: ("u4z", serial),
            4: _moment(0),
        }
        return self.write(0, fields)

    def record(
        self,
        second: int,
        more: Fields | None = None,
        developer: DeveloperFields | None = None,
        *,
        hr: int = 140,
        place: bool = True,
    ) -> Self:
        """Append a sample with time, position, heart rate, distance (3 m per second) and power (200
        W).

        Args:
            second: The time of the sample.
            more: Fields that are added or replace the defaults.
            developer: Developer fields of the sample.
            hr: The heart rate in beats per minute; 255 means "not measured".
            place: Whether the sample has a position.
        """
        fields = {253: _moment(second)}
        if place:
            latitude = 47.0 + second * 1e-5
            fields[0] = ("i4", round(latitude * _DEGREE))
            fields[1] = ("i4", round(11.0 * _DEGREE))
        fields[3] = ("u1", hr)
        fields[5] = ("u4", second * 300)
        fields[7] = ("u2", 200)
        fields.update(more or {})
        return self.write(20, fields, developer)

    def session(
        self,
        start: int = 0,
        seconds: int = 10,
        more: Fields | None = None,
        *,
        sport: int = 2,
        sub_sport: int = 0,
    ) -> Self:
        """Append a session with its sport, duration, distance and heart rates.

        Args:
            start: When the session started.
            seconds: Its duration.
            more: Fields that are added or replace the defaults.
            sport: The number of the sport in the FIT profile; 2 is cycling.
            sub_sport: The number of the sub-sport.
        """
        fields = {
            253: _moment(start + seconds),
            2: _moment(start),
            7: _duration(seconds),
            8: _duration(seconds),
            9: ("u4", seconds * 300),
            5: ("enum", sport),
            6: ("enum", sub_sport),
            16: ("u1", 140),
            17: ("u1", 150),
        }
        fields.update(more or {})
        return self.write(18, fields)

    def lap(
        self,
        start: int = 0,
        seconds: int = 10,
        more: Fields | None = None,
    ) -> Self:
        """Append a lap with its start and duration."""
        fields = {
            253: _moment(start + seconds),
            2: _moment(start),
            7: _duration(seconds),
            8: _duration(seconds),
        }
        fields.update(more or {})
        return self.write(19, fields)

    def timer(self, second: int, *, start: bool) -> Self:
        """Append the event that the timer was started or stopped."""
        fields = {
            253: _moment(second),
            0: ("enum", 0),
            1: ("enum", 0 if start else 4),
        }
        return self.write(21, fields)

    def activity(self, end: int = 10, offset_s: int = 7200) -> Self:
        """Append the message ``activity``, which states the local time and so the offset
        from UTC.
        """
        fields = {
            253: _moment(end),
            5: _moment(end + offset_s),
            1: ("u2", 1),
        }
        return self.write(34, fields)


def _moment(second: int) -> tuple[str, Any]:
    """Return the value of a timestamp field."""
    return "u4", T0 + second


def _duration(seconds: int) -> tuple[str, Any]:
    """Return the value of a duration field, which FIT states in milliseconds."""
    return "u4", seconds * 1000


def _definition(fields: list[_Field]) -> bytes:
    definitions = [field.definition for field in fields]
    return bytes([len(fields)]) + b"".join(definitions)


def ride_file() -> bytes:
    """Return a file of a ten-second ride that has every message of an ordinary recording."""
    file = FitFile().file_id().timer(0, start=True)
    for second in range(11):
        file.record(second)
    return file.timer(10, start=False).lap().session().activity().content()
