"""A folder, a connection to it, and a GPX that states only what a test is about."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HEAD = ('<?xml version="1.0" encoding="UTF-8"?><gpx version="1.1" creator="Test watch" xmlns="http://www.topografix.com/GPX/1/1" '
        'xmlns:x="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">')


@dataclass
class FakeConnection:
    settings: Mapping[str, str]
    id: str = "c1"
    entry: str = "files"


@pytest.fixture
def connect_to() -> Callable[[Path | str], FakeConnection]:
    return lambda folder: FakeConnection({"folder": str(folder)})


@pytest.fixture
def gpx() -> Callable[..., bytes]:
    """A track of points (seconds after 06:00 UTC, latitude, more XML) in segments; ``None`` for a point without a time."""

    def make(*segments: list[tuple[int | None, float, str]], trk: str = "", head: str = HEAD) -> bytes:
        segments = segments or ([(0, 47.0, "<ele>500</ele>"), (10, 47.001, "<ele>510</ele>"), (20, 47.002, "<ele>505</ele>")],)
        text = "".join("<trkseg>" + "".join(_point(*point) for point in segment) + "</trkseg>" for segment in segments)
        return f"{head}<trk>{trk}{text}</trk></gpx>".encode()

    return make


def _point(second: int | None, latitude: float, more: str) -> str:
    time = "" if second is None else f"<time>2026-05-03T06:{second // 60:02}:{second % 60:02}Z</time>"
    # The schema wants height, time, extensions in this order; readers do not care.
    return f'<trkpt lat="{latitude}" lon="11.0">{time}{more}</trkpt>'


@pytest.fixture(scope="session")
def shared_files() -> Path:
    """Files of real devices, which are not ours to publish."""
    root = Path(os.environ.get("FITGLUE_SHARED") or Path(__file__).parents[4] / "shared")
    if not (root / "data" / "files").is_dir():
        pytest.skip(f"the folder of real files is not at {root / 'data' / 'files'} (FITGLUE_SHARED names another one)")
    return root / "data" / "files"
