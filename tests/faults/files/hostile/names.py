"""Files, members and archives whose names are far longer than real ones."""

from __future__ import annotations

import io
import os
import zipfile
from typing import TYPE_CHECKING

from tests.faults.files.conftest import gpx
from tests.faults.files.hostile import tables
from tests.faults.files.hostile.attack import Attack, file
from tests.faults.files.hostile.zips import stored

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: A zip allows names of 64 kB.
_FULL = 60_000
_DEEP = 400


def _leading_out(share: float) -> bytes:
    """Return a zip with a long name that is refused."""
    return stored({f"/{'x' * int(_FULL * share)}.gpx": gpx(8)})


def _no_workout(share: float) -> bytes:
    """Return a zip with long names of files that are no workouts, and of a zip that is none."""
    name = "x" * int(_FULL * share)
    members = {f"{name}.fit": b"no workout", f"{name}.txt": b"text", f"{name}.zip": b"PK\3\4"}
    return stored(members)


def _changed_name(share: float) -> bytes:
    """Return a zip whose index has another long name than the member, which an error repeats."""
    name = "x" * int(_FULL * share)
    return stored({f"{name}.fit": b"x"}).replace(name[:9].encode(), b"y" * 9, 1)


def _deep_folders(folder: Path, share: float) -> None:
    """Make folders with long names in one another, with a broken zip in the innermost."""
    handle = os.open(folder, os.O_RDONLY)
    for _ in range(int(_DEEP * share)):
        os.mkdir("d" * 200, dir_fd=handle)
        following = os.open("d" * 200, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = following
    inside = os.open("broken.zip", os.O_WRONLY | os.O_CREAT, dir_fd=handle)
    os.write(inside, b"no zip")
    os.close(inside)
    os.close(handle)


def _renamed(archive: bytes, beginning: str) -> bytes:
    """Return an archive whose members have a long name in front of theirs."""
    members: Mapping[str, bytes]
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        members = {f"{beginning}{name}": opened.read(name) for name in opened.namelist()}
    return stored(members)


def _strava_in_a_folder(share: float) -> bytes:
    good = tables.strava(share=share)
    return _renamed(good, f"{'x' * min(int(_FULL * share), 9_000)}/")


def _garmin_of_a_user(share: float) -> bytes:
    """Return a Garmin archive that states its owner only by a long name of its table."""
    return tables.garmin(share=share, user="x" * min(int(_FULL * share), 9_000))


NAMES = [
    Attack("a long name that leads out of a zip", file("x.zip", _leading_out), "leads out of"),
    Attack("long names of files that are no workouts", file("x.zip", _no_workout), "x.zip"),
    Attack("a long name that an error repeats", file("x.zip", _changed_name), "x.zip"),
    Attack("a broken zip in folders with long names", _deep_folders, "broken.zip"),
    Attack(
        "a Strava archive in a folder with a long name",
        file("x.zip", _strava_in_a_folder),
        arrives=tables.GOOD,
    ),
    Attack(
        "a Garmin archive of a user with a long name",
        file("x.zip", _garmin_of_a_user),
        arrives=tables.GOOD,
    ),
]
