"""Tests that killing a process with workers loses nothing, and that no worker outlives the process
that it works for.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import psutil
import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry import Host, Policy
from tests.sync.builders import finished
from tests.sync.natural import natural
from tests.sync.slow import Scripts, install

pytestmark = pytest.mark.long
CHILD = """
import sys
from fitglue_registry import Host, Policy
from fitglue_registry.sync.deriving import batches
from fitglue_registry.sync.events import PartStored
batches._MIN_RECORDS = 1
with Host(sys.argv[1], policy=Policy.personal()) as host:
    for event in host.syncs.rebuild():
        if isinstance(event, PartStored):
            print("at work", flush=True)
            sys.stdin.readline()  # until it is killed
"""
SYNC = """
import sys
from fitglue_registry import Host, Policy
from fitglue_registry.sync.events import PartStored
with Host(sys.argv[1], database=sys.argv[2] or None, policy=Policy.personal()) as host:
    for event in host.sync():
        if isinstance(event, PartStored):
            print(event.done, flush=True)
"""


def differences(actual, expected):
    """Return how many of the parts of two stores differ."""
    return sum(actual[name] != expected[name] for name in expected)


def test_a_killed_rebuild_leaves_no_worker_behind(tmp_path, monkeypatch, reliability):
    """When a rebuild is killed with SIGKILL, its workers end, and the store is unchanged."""
    monkeypatch.setenv("FITGLUE_SECRETS", "file")
    account = Account.generate(count=40, seed=4, until=date(2026, 11, 20), distinct_streams=2)
    with StandIn(account) as server, Host(tmp_path, policy=Policy.personal()) as host:
        host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        finished(host)
        expected = natural(host)
    # Standard error is discarded, because the resource tracker of multiprocessing always complains
    # about a killed parent.
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as child:
        assert child.stdout.readline() == "at work\n"
        workers = psutil.Process(child.pid).children(recursive=True)
        child.kill()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert workers
    assert alive == []
    with Host(tmp_path, policy=Policy.personal()) as host:
        assert list(host.syncs.rebuild())[-1].counts["changed"] == 0
        lost = differences(natural(host), expected)
    assert lost == 0
    reliability(
        "kill",
        "a rebuild on every core, killed",
        lost=lost,
        seen="no worker process is left; the next rebuild changes nothing",
    )


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    """Yield an account of twenty files that take long to read; its plugin is installed."""
    site = install(tmp_path / "site")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("FITGLUE_SECRETS", "file")
    account = Scripts(tmp_path / "scripts", site)
    account.add(20)
    yield account
    sys.modules.pop("fg_slow", None)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("after", [1, 7, 19])
def test_a_sync_that_is_killed_while_workers_read_is_continued_by_the_next(
    tmp_path, scripts, request, reliability, kind, after
):
    """When a sync is killed while workers read files, no worker is left, and the next sync makes
    the store of a sync that was never killed.
    """
    url = request.getfixturevalue("postgres_url") if kind == "postgresql" else ""
    scripts.host(tmp_path / "home", database=url or None).close()
    with subprocess.Popen(
        [sys.executable, "-c", SYNC, str(tmp_path / "home"), url],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as child:
        for _ in range(after):
            child.stdout.readline()
        workers = psutil.Process(child.pid).children(recursive=True)
        child.kill()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert alive == []
    with (
        scripts.host(tmp_path / "home", database=url or None) as host,
        scripts.host(tmp_path / "other") as other,
    ):
        finished(host)
        finished(other)
        lost = differences(natural(host), natural(other))
    assert lost == 0
    reliability(
        "kill",
        f"a sync with workers, killed, on {kind}",
        lost=lost,
        seen="no worker process is left; the next sync continues",
    )
