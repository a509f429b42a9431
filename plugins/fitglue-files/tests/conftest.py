"""A connection to a folder, and files that state only what a test is about."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fitglue_formats.testing import FitFile, gpx_file, ride_file
from fitglue_registry.testing import FakeConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@pytest.fixture
def connect_to(tmp_path) -> Callable[..., FakeConnection]:
    def make(*paths: Path, entry: str = "files") -> FakeConnection:
        settings = {"paths": os.pathsep.join(map(str, paths))}
        return FakeConnection(settings=settings, entry=entry, cache=tmp_path / "cache")

    return make


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
