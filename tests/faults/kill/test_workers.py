"""A rebuild on every core that is killed: nothing is lost, and no worker outlives the process that it works for."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import psutil
import pytest

from fitglue_registry import Host
from fitglue_registry.testing.intervals import Account, StandIn
from tests.sync.builders import finished
from tests.sync.natural import natural

pytestmark = pytest.mark.long
CHILD = """
import sys
from fitglue_registry import Host
from fitglue_registry.sync import workers
from fitglue_registry.sync.events import PartStored
workers._WORTH_A_PROCESS = 1
with Host(sys.argv[1]) as host:
    for event in host.rebuild():
        if isinstance(event, PartStored):
            print("at work", flush=True)
            sys.stdin.readline()  # until it is killed
"""


def differences(one, two):
    """How many of the parts of two stores differ."""
    return sum(one[name] != two[name] for name in two)


def test_a_killed_rebuild_leaves_no_worker_behind(tmp_path, monkeypatch, reliability):
    """SIGKILL to the process that handed out the work: its workers end, and the store is what it was."""
    monkeypatch.setenv("FITGLUE_SECRETS", "file")
    account = Account.generate(count=40, seed=4, until=date(2026, 11, 20), distinct_streams=2)
    with StandIn(account) as server, Host(tmp_path) as host:
        host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        finished(host)
        expected = natural(host)
    # Their errors go nowhere: what loky's tracker says of a parent that was killed is no news.
    with subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as child:
        assert child.stdout.readline() == "at work\n"
        workers = psutil.Process(child.pid).children(recursive=True)
        child.kill()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert workers
    assert alive == []
    with Host(tmp_path) as host:
        assert list(host.rebuild())[-1].counts["changed"] == 0
        lost = differences(natural(host), expected)
    assert lost == 0
    reliability("kill", "a rebuild on every core, killed", lost=lost, seen="no worker is left; the next rebuild changes nothing")
