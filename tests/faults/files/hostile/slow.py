"""Zips of files that each take just less than the limit of a file, or have just less bytes."""

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


#: Bytes just below the limit of a file.
_LARGE = 249e6
_SPACES = b" " * 300_000 + b"<a/>"


def _gzip(size: float) -> bytes:
    """Return a gzip that unpacks to a thousand times its size."""
    return gzip.compress(b"<gpx>" + _SPACES * int(size / len(_SPACES)), 9)


def _gzips(count: int, size: float) -> dict[str, bytes]:
    """Return gzips that unpack to a thousand times their size, each to another content."""
    one = _gzip(size)
    comments = [gzip.compress(b"</gpx><!--%d-->" % number) for number in range(count)]
    return {f"{number:03}.gpx.gz": one + comment for number, comment in enumerate(comments)}


def _few_gzips(folder: Path, share: float) -> None:
    (folder / "x.zip").write_bytes(stored(_gzips(30, _LARGE * share)))


def _many_gzips(folder: Path, share: float) -> None:
    (folder / "x.zip").write_bytes(stored(_gzips(int(120 * share), _LARGE)))


def _same_gzips(folder: Path, share: float) -> None:
    one = _gzip(0.8 * _LARGE)
    members = {f"{number:03}.gpx.gz": one for number in range(int(60 * share))}
    (folder / "x.zip").write_bytes(stored(members))


def _gzips_in_zips(folder: Path, share: float) -> None:
    zips = {}
    for number, (name, content) in enumerate(_gzips(int(40 * share), _LARGE).items()):
        zips[f"{number}.zip"] = stored({name: content})
    (folder / "x.zip").write_bytes(stored(zips))


GZIPS = [
    Attack("gzips in a zip that unpack to gigabytes", _few_gzips, _SHARE),
    Attack("a hundred gzips in a zip that unpack to gigabytes", _many_gzips, _SHARE),
    Attack("the same gzip in a zip many times", _same_gzips),
    Attack("gzips in zips in a zip that unpack to gigabytes", _gzips_in_zips, _SHARE),
]
