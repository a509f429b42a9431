"""A folder of scripts that a plugin reads as if they were files of workouts."""

from __future__ import annotations

import sys

import pytest

from tests.sync.reading.readers import Folder, install


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Yield a folder of scripts; the plugin that reads it is installed."""
    monkeypatch.syspath_prepend(install(tmp_path / "site"))
    yield Folder(tmp_path / "scripts")
    sys.modules.pop("fg_reads", None)


@pytest.fixture
def host(folder, tmp_path):
    """Yield a host that reads the folder."""
    with folder.host(tmp_path / "home") as host:
        yield host
