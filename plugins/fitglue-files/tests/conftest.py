"""A connection to a folder, and files that state only what a test is about."""

from __future__ import annotations

import io
import logging
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fitglue_formats.testing import FitFile, gpx_file, ride_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


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
    """A GPX file with one track."""
    return gpx_file


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


@pytest.fixture(scope="session")
def fit() -> type[FitFile]:
    """A writer of FIT files."""
    return FitFile


@pytest.fixture
def ride() -> bytes:
    """Ten seconds on a bike with everything that a whole file has."""
    return ride_file()
