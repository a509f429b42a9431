"""Fixtures: connections to paths, and writers of files. A test states only what it is about."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fitglue_formats.testing import FitFile, gpx_file, ride_file
from fitglue_registry.testing import FakeConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@pytest.fixture
def connect_to(tmp_path) -> Callable[..., FakeConnection]:
    def make(*paths: Path, entry: str = "files") -> FakeConnection:
        settings = {"paths": os.pathsep.join(map(str, paths))}
        return FakeConnection(settings=settings, entry=entry, cache=tmp_path / "cache")

    return make


@pytest.fixture
def gpx() -> Callable[..., bytes]:
    """The writer of GPX files with one track."""
    return gpx_file


@pytest.fixture
def zipped() -> Callable[..., bytes]:
    """A function that returns a zip of members, and writes it to a path if there is one."""

    def make(path: Path | None, members: Mapping[str, bytes]) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        if path is not None:
            path.write_bytes(buffer.getvalue())
        return buffer.getvalue()

    return make


@pytest.fixture(scope="session")
def shared_files() -> Path:
    """The folder of files from real devices, which may not be published; skips the test
    without it.
    """
    root = Path(os.environ.get("FITGLUE_SHARED") or Path(__file__).parents[4] / "shared")
    if not (root / "data" / "files").is_dir():
        pytest.skip(
            f"the folder of real files is not at {root / 'data' / 'files'}; set FITGLUE_SHARED "
            "to the folder that contains data/files"
        )
    return root / "data" / "files"


@pytest.fixture(scope="session")
def fit() -> type[FitFile]:
    """The writer of FIT files."""
    return FitFile


@pytest.fixture
def ride() -> bytes:
    """A file of a ten-second ride that has every message of an ordinary recording."""
    return ride_file()


@pytest.fixture
def other_user() -> Iterator[None]:
    """Give this process the permissions of somebody who may not read everything, as root may."""
    if os.geteuid() == 0:
        os.seteuid(65534)
        yield
        os.seteuid(0)
    else:
        yield


@pytest.fixture
def let_others_in() -> Callable[[Path], None]:
    """A function that lets every user into a folder and the folders above it."""

    def let_in(path: Path) -> None:
        for folder in (path, *path.parents):
            if not folder.stat().st_mode & stat.S_IXOTH:
                folder.chmod(0o755)

    return let_in
