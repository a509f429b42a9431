"""Tests of the worker processes themselves."""

from __future__ import annotations

import sys

import pytest

from fg_threads import address_space
from fitglue_registry.sync.deriving.processes import start_workers
from fitglue_registry.sync.worker_limits import WorkerLimits


@pytest.fixture
def workers():
    workers = start_workers(1)
    yield workers
    workers.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
def test_threads_of_plugins_take_little_of_the_address_space(workers):
    """A worker in which many plugins have threads has not used up its address space."""
    limits = WorkerLimits(wall_s=60)
    few = workers.submit(address_space, 1, limits=limits).result()
    many = workers.submit(address_space, 40, limits=limits).result()
    assert many - few < WorkerLimits.address_space / 2
