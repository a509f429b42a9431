"""Tests that an import of files that is killed at any step of a batch is completed by the next."""

from __future__ import annotations

import signal
import subprocess
import sys

import psutil
import pytest

from fitglue_formats.testing import gpx_file
from fitglue_registry import Host, Policy
from tests.sync.natural import natural

#: Imports a folder, and kills itself at a step of a batch: before its files are written, after they
#: are, before the transaction is committed, and after it is.
CHILD = """
import multiprocessing, os, signal, sys
from contextlib import contextmanager
from fitglue_registry import Host, Policy
from fitglue_registry.store.raw_parts import RawStore
from fitglue_registry.sync.run import Run

home, folder, step, batch = *sys.argv[1:4], int(sys.argv[4])
at = {"batch": 0}


def die(name):
    if name == step and at["batch"] == batch:
        print(*[child.pid for child in multiprocessing.active_children()], flush=True)
        os.kill(os.getpid(), signal.SIGKILL)


with_blobs = RawStore.with_blobs
transaction = Run.transaction


@contextmanager
def put(self, contents):
    at["batch"] += 1
    die("before its files are written")
    with with_blobs(self, contents):
        die("after its files are written")
        yield


@contextmanager
def watched(self):
    with transaction(self) as opened:
        yield opened
        die("before it is committed")
    die("after it is committed")


RawStore.with_blobs = put
Run.transaction = watched
with Host(home, policy=Policy.personal()) as host:
    for event in host.import_paths([folder]):
        pass
"""
STEPS = (
    "before its files are written",
    "after its files are written",
    "before it is committed",
    "after it is committed",
)
_QUICK = {("after its files are written", 1), ("before it is committed", 2)}


@pytest.fixture(scope="module")
def rides(tmp_path_factory):
    """A folder of files for several batches."""
    folder = tmp_path_factory.mktemp("rides")
    for number in range(40):
        content = gpx_file(trk=f"<name>Ride {number}</name>")
        (folder / f"{number:02}.gpx").write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def expected(rides, tmp_path_factory):
    """The store of an import that was never killed."""
    with Host(tmp_path_factory.mktemp("undisturbed"), policy=Policy.personal()) as host:
        list(host.import_paths([rides]))
        return natural(host)


@pytest.mark.parametrize(
    ("step", "batch"),
    [
        pytest.param(step, batch, marks=() if (step, batch) in _QUICK else pytest.mark.long)
        for step in STEPS
        for batch in (1, 2)
    ],
)
def test_an_import_that_is_killed_at_any_step_of_a_batch_is_completed(
    tmp_path, rides, expected, reliability, step, batch
):
    """An import that is killed with SIGKILL at any step of a batch of files leaves no worker, and
    the next import makes the store of one that was never killed.
    """
    arguments = [sys.executable, "-c", CHILD, str(tmp_path), str(rides), step, str(batch)]
    # Standard error is discarded, because the resource tracker of multiprocessing complains about a
    # killed parent.
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        pids = [int(pid) for pid in child.communicate(timeout=60)[0].split()]
    assert child.returncode == -signal.SIGKILL
    assert pids
    workers = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert alive == []
    with Host(tmp_path, policy=Policy.personal()) as host:
        list(host.import_paths([rides]))
        completed = natural(host)
    lost = sum(completed[name] != expected[name] for name in expected)
    assert lost == 0
    reliability(
        "kill",
        f"an import of files, a batch killed {step}",
        lost=lost,
        seen="no worker process is left; the next import completes the store",
    )
