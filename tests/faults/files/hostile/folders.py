"""Folders and files of a disk that are made to do harm."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from tests.faults.files.conftest import gpx, zipped
from tests.faults.files.hostile.attack import Attack, file

if TYPE_CHECKING:
    from pathlib import Path

_DEEP = 1_300
_TERABYTE = 1 << 40


def _sparse(name: str, folder: Path, _: float) -> None:
    """Write a file of a terabyte, which takes no space."""
    with (folder / name).open("wb") as written:
        written.truncate(_TERABYTE)


_TOO_LARGE = "more than 256 MB"

SPARSE = [
    Attack("a sparse GPX of a terabyte", partial(_sparse, "x.gpx"), _TOO_LARGE),
    Attack("a sparse FIT of a terabyte, named as packed", partial(_sparse, "x.fit.gz"), _TOO_LARGE),
    Attack("a sparse zip of a terabyte", partial(_sparse, "x.zip"), "x.zip"),
]


def _nested(name: str, folder: Path, share: float) -> None:
    """Make folders in one another, with a workout in the innermost."""
    handle = os.open(folder, os.O_RDONLY)
    # Python cannot call functions more deeply than this, so less would be no attack.
    for _ in range(max(int(_DEEP * share), _DEEP)):
        os.mkdir(name, dir_fd=handle)
        following = os.open(name, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = following
    inside = os.open("deep.gpx", os.O_WRONLY | os.O_CREAT, dir_fd=handle)
    os.write(inside, gpx(9))
    os.close(inside)
    os.close(handle)


def _comb(
    levels: int,
    name: str,
    folder: Path,
    share: float,
) -> None:
    """Make folders in one another, each of which also has a file and an empty folder."""
    handle = os.open(folder, os.O_RDONLY)
    for level in range(int(levels * share)):
        os.mkdir(name, dir_fd=handle)
        os.mkdir("empty", dir_fd=handle)
        inside = os.open("z.fit", os.O_WRONLY | os.O_CREAT, dir_fd=handle)
        os.write(inside, b"%d" % level)
        os.close(inside)
        following = os.open(name, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = following
    os.close(handle)


def _nested_member(share: float) -> bytes:
    return zipped({"a/" * int(30_000 * share) + "deep.gpx": gpx(9)})


DEEP = [
    Attack("1,300 folders in one another", partial(_nested, "deep"), arrives="deep"),
    Attack(
        "1,300 folders with long names in one another", partial(_nested, "d" * 200), arrives="deep"
    ),
    Attack("3,000 folders in one another, each with others", partial(_comb, 3_000, "d")),
    Attack(
        "1,300 folders with long names in one another, each with others",
        partial(_comb, _DEEP, "d" * 200),
        "path is too long",
    ),
    Attack("a member of a zip in 30,000 folders", file("x.zip", _nested_member), arrives="deep"),
]
