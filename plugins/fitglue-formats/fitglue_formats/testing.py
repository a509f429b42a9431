"""Writes small GPX and FIT files for tests; a test states only what it is about."""

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
#: Seconds after 06:00 UTC (``None``: a point without a time), latitude, and more XML.
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
    """A GPX file with one track; ``trk`` is XML in front of its segments."""
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
    # The schema wants height, time, extensions in this order; readers do not care.
    return f'<trkpt lat="{latitude}" lon="11.0">{time}{more}</trkpt>'


# -- FIT -------------------------------------------------------------------------------------------

#: Base types by name: number as a definition writes it, and how Python packs it.
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
#: Some time in April 2026, in seconds of the FIT epoch.
T0 = 1_145_000_000
#: Number of a field → its base type, and its value or values.
Fields: TypeAlias = "Mapping[int, tuple[str, Any]]"
#: The same with the index of the developer in front of the number.
DeveloperFields: TypeAlias = "Mapping[tuple[int, int], tuple[str, Any]]"
_DEGREE = 2**31 / 180


class _Field(NamedTuple):
    """One field of a message: the three bytes of its definition, and its value."""

    definition: bytes
    value: bytes


class FitFile:
    """Writes a FIT file message by message; times are seconds after ``T0``."""

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
        """Append a message with its definition."""
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
        said: int | None = None,
        checksum: bytes | None = None,
    ) -> bytes:
        """The whole file; ``said`` and ``checksum`` are there to be wrong."""
        if said is None:
            said = len(self.body)
        whole = file_header(said) + bytes(self.body)
        if checksum is None:
            checksum = compute_crc(whole).to_bytes(2, "little")
        return whole + checksum

    # -- the messages that most tests need ---------------------------------------------------------

    def file_id(
        self,
        kind: int = 4,
        serial: int = 3_900_000_001,
    ) -> Self:
        """What the file is, and which device wrote it."""
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
        """A sample: time, place, heart rate, distance and power."""
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
        """A session with its figures."""
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
        """A lap."""
        fields = {
            253: _moment(start + seconds),
            2: _moment(start),
            7: _duration(seconds),
            8: _duration(seconds),
        }
        fields.update(more or {})
        return self.write(19, fields)

    def timer(self, second: int, *, start: bool) -> Self:
        """The timer was started or stopped."""
        fields = {
            253: _moment(second),
            0: ("enum", 0),
            1: ("enum", 0 if start else 4),
        }
        return self.write(21, fields)

    def activity(self, end: int = 10, offset_s: int = 7200) -> Self:
        """The message that says the local time."""
        fields = {
            253: _moment(end),
            5: _moment(end + offset_s),
            1: ("u2", 1),
        }
        return self.write(34, fields)


def _moment(second: int) -> tuple[str, Any]:
    return "u4", T0 + second


def _duration(seconds: int) -> tuple[str, Any]:
    return "u4", seconds * 1000


def _definition(fields: list[_Field]) -> bytes:
    definitions = [field.definition for field in fields]
    return bytes([len(fields)]) + b"".join(definitions)


def ride_file() -> bytes:
    """Ten seconds on a bike with everything that a whole file has."""
    file = FitFile().file_id().timer(0, start=True)
    for second in range(11):
        file.record(second)
    return file.timer(10, start=False).lap().session().activity().content()
