"""A folder of scripts that a plugin reads as if they were files of workouts."""

from __future__ import annotations

import sys

import pytest

from fitglue_registry.sync.deriving import cores, processes
from tests.sync.reading.readers import Folder, install


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Return a folder in which the plugin is installed."""
    return install(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def kept_workers():
    """Worker processes that are started where the plugin is installed, and kept for all tests."""
    workers = processes.start_workers(cores.count_cores())
    yield workers
    workers.stop()


@pytest.fixture
def folder(site, tmp_path, monkeypatch):
    """Yield a folder of scripts; the plugin that reads it is installed."""
    monkeypatch.syspath_prepend(site)
    yield Folder(tmp_path / "scripts")
    sys.modules.pop("fg_reads", None)


@pytest.fixture
def host(folder, tmp_path):
    """Yield a host that reads the folder."""
    with folder.host(tmp_path / "home") as host:
        yield host
