"""Fixtures that write FIT and GPX files. A test states only what it is about."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fitglue_formats.testing import FitFile, gpx_file, ride_file

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def gpx() -> Callable[..., bytes]:
    """The writer of GPX files with one track."""
    return gpx_file


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
def shared_reports(shared_files: Path) -> Path:
    """The folder of public bug reports, each rebuilt as small inputs."""
    return shared_files.parent / "reports"


@pytest.fixture(scope="session")
def fit() -> type[FitFile]:
    """The writer of FIT files."""
    return FitFile


@pytest.fixture
def ride() -> bytes:
    """A file of a ten-second ride that has every message of an ordinary recording."""
    return ride_file()
