"""Files that state only what a test is about."""

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
    """A GPX file with one track."""
    return gpx_file


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
