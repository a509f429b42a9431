"""A folder, a connection to it, and a GPX that states only what a test is about."""

from __future__ import annotations

import io
import logging
import os
import struct
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fitdecode.utils import compute_crc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><gpx version="1.1" creator="Test watch" '
    'xmlns="http://www.topografix.com/GPX/1/1" '
    'xmlns:x="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">'
)


@dataclass
class FakeConnection:
    settings: Mapping[str, str]
    id: str = "c1"
    entry: str = "files"
    cache: Path | None = None
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("test"))

    def alive(self) -> None:
        """The host would hear it."""


@pytest.fixture
def connect_to(tmp_path) -> Callable[..., FakeConnection]:
    return lambda *paths, entry="files": FakeConnection(
        {"paths": os.pathsep.join(map(str, paths))}, entry=entry, cache=tmp_path / "cache"
    )


@pytest.fixture
def gpx() -> Callable[..., bytes]:
    """A track of points (seconds after 06:00 UTC, latitude, more XML) in segments; ``None`` for a
    point without a time.
    """

    def make(
        *segments: list[tuple[int | None, float, str]], trk: str = "", head: str = HEAD
    ) -> bytes:
        segments = segments or (
            [
                (0, 47.0, "<ele>500</ele>"),
                (10, 47.001, "<ele>510</ele>"),
                (20, 47.002, "<ele>505</ele>"),
            ],
        )
        text = "".join(
            "<trkseg>" + "".join(_point(*point) for point in segment) + "</trkseg>"
            for segment in segments
        )
        return f"{head}<trk>{trk}{text}</trk></gpx>".encode()

    return make


@pytest.fixture
def zipped() -> Callable[..., bytes]:
    """A zip of members, also written to a path where one is given."""

    def make(path: Path | None, members: Mapping[str, bytes]) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        if path is not None:
            path.write_bytes(buffer.getvalue())
        return buffer.getvalue()

    return make


def _point(second: int | None, latitude: float, more: str) -> str:
    time = (
        "" if second is None else f"<time>2026-05-03T06:{second // 60:02}:{second % 60:02}Z</time>"
    )
    # The schema wants height, time, extensions in this order; readers do not care.
    return f'<trkpt lat="{latitude}" lon="11.0">{time}{more}</trkpt>'


@pytest.fixture(scope="session")
def shared_files() -> Path:
    """Files of real devices, which are not ours to publish."""
    root = Path(os.environ.get("FITGLUE_SHARED") or Path(__file__).parents[4] / "shared")
    if not (root / "data" / "files").is_dir():
        pytest.skip(
            f"the folder of real files is not at {root / 'data' / 'files'} (FITGLUE_SHARED "
            "names another one)"
        )
    return root / "data" / "files"


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
T0 = 1_145_000_000  # some time in April 2026, in seconds of the FIT epoch


class FitFile:
    """Writes a FIT file message by message; a field is number → (base type, value or values)."""

    def __init__(self, *, big_endian: bool = False) -> None:
        self.order, self.big = (">", 1) if big_endian else ("<", 0)
        self.body = bytearray()

    def write(
        self,
        number: int,
        fields: dict[int, tuple[str, object]],
        developer: dict[tuple[int, int], tuple[str, object]] | None = None,
    ):
        plain = {
            key: (BASES[base][0], self._pack(base, value)) for key, (base, value) in fields.items()
        }
        extra = {key: self._pack(base, value) for key, (base, value) in (developer or {}).items()}
        self.body += (
            bytes([0x60 if extra else 0x40, 0, self.big])
            + struct.pack(self.order + "H", number)
            + bytes([len(plain)])
        )
        self.body += b"".join(bytes([key, len(raw), base]) for key, (base, raw) in plain.items())
        if extra:
            self.body += bytes([len(extra)]) + b"".join(
                bytes([key[1], len(raw), key[0]]) for key, raw in extra.items()
            )
        self.body += b"\0" + b"".join(raw for _, raw in plain.values()) + b"".join(extra.values())
        return self

    def _pack(self, base: str, value) -> bytes:
        if base == "text":
            return value.encode() + b"\0"
        values = value if isinstance(value, list | tuple) else [value]
        return struct.pack(f"{self.order}{len(values)}{BASES[base][1]}", *values)

    def content(self, *, said: int | None = None, checksum: bytes | None = None) -> bytes:
        header = struct.pack(
            "<BBHI4sH", 14, 0x20, 2132, len(self.body) if said is None else said, b".FIT", 0
        )
        whole = header + bytes(self.body)
        return whole + (compute_crc(whole).to_bytes(2, "little") if checksum is None else checksum)

    # -- the messages that most tests need ---------------------------------------------------------

    def file_id(self, kind: int = 4, serial: int = 3_900_000_001):
        return self.write(
            0, {0: ("enum", kind), 1: ("u2", 1), 2: ("u2", 2697), 3: ("u4z", serial), 4: ("u4", T0)}
        )

    def record(
        self,
        second: int,
        more: dict | None = None,
        developer: dict | None = None,
        *,
        hr: int = 140,
        place: bool = True,
    ):
        here = (
            {
                0: ("i4", round((47.0 + second * 1e-5) * 2**31 / 180)),
                1: ("i4", round(11.0 * 2**31 / 180)),
            }
            if place
            else {}
        )
        fields = {
            253: ("u4", T0 + second),
            **here,
            3: ("u1", hr),
            5: ("u4", second * 300),
            7: ("u2", 200),
        }
        return self.write(20, fields | (more or {}), developer)

    def session(
        self,
        start: int = 0,
        seconds: int = 10,
        more: dict | None = None,
        *,
        sport: int = 2,
        sub_sport: int = 0,
    ):
        fields = {
            253: ("u4", T0 + start + seconds),
            2: ("u4", T0 + start),
            7: ("u4", seconds * 1000),
            8: ("u4", seconds * 1000),
            9: ("u4", seconds * 300),
            5: ("enum", sport),
            6: ("enum", sub_sport),
            16: ("u1", 140),
            17: ("u1", 150),
        }
        return self.write(18, fields | (more or {}))

    def lap(self, start: int = 0, seconds: int = 10, more: dict | None = None):
        fields = {
            253: ("u4", T0 + start + seconds),
            2: ("u4", T0 + start),
            7: ("u4", seconds * 1000),
            8: ("u4", seconds * 1000),
        }
        return self.write(19, fields | (more or {}))

    def timer(self, second: int, *, start: bool):
        return self.write(
            21, {253: ("u4", T0 + second), 0: ("enum", 0), 1: ("enum", 0 if start else 4)}
        )

    def activity(self, end: int = 10, offset_s: int = 7200):
        return self.write(34, {253: ("u4", T0 + end), 5: ("u4", T0 + end + offset_s), 1: ("u2", 1)})


@pytest.fixture(scope="session")
def fit() -> Callable[..., FitFile]:
    return FitFile


@pytest.fixture
def ride() -> bytes:
    """Ten seconds on a bike with everything that a whole file has."""
    made = FitFile().file_id().timer(0, start=True)
    for second in range(11):
        made.record(second)
    return made.timer(10, start=False).lap().session().activity().content()
