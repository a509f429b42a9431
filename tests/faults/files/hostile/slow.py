"""Zips of files that each take just less than the limit of a file."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from tests.faults.files.conftest import gpx
from tests.faults.files.hostile.attack import Attack
from tests.faults.files.hostile.xml import recording
from tests.faults.files.hostile.zips import stored

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_SHARE = "FG-zip-share"
#: Bytes of a recording that takes several seconds.
_SECONDS = 60e6


def _rides(count: int, size: float) -> dict[str, bytes]:
    """Return recordings that take long, and a short one after them."""
    whole = recording(size)
    rides = {}
    for number in range(count):
        # Years apart, so that none is compared with another.
        ride = whole.replace(b"2026-", b"%d-" % (1996 + number % 30))
        rides[f"{number:03}.gpx.gz"] = gzip.compress(ride, 1)
    return rides | {"short.gpx": gpx(5)}


def _zip(count: int, size: float) -> Callable[[Path, float], None]:
    def write(folder: Path, share: float) -> None:
        (folder / "x.zip").write_bytes(stored(_rides(int(count * share), size)))

    return write


def _nested(folder: Path, share: float) -> None:
    """Write a zip of zips, each of which has a few recordings that take long."""
    inner = stored(_rides(int(4 * share), _SECONDS))
    (folder / "x.zip").write_bytes(stored({f"{number}.zip": inner for number in range(8)}))


ZIPS = [
    Attack("a zip of forty files that take seconds", _zip(40, _SECONDS), _SHARE),
    Attack("zips in a zip with files that take seconds", _nested, _SHARE),
]
