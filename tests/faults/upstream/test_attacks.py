"""Tests of responses that are made to take time or memory: each costs only itself.

The quick tests send each response at a tenth of the size at which it did harm. The slow ones send
it at full size to a child process, and measure that process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fitglue_registry import Host, Policy
from fitglue_registry.sync.events import SyncStopped
from fitglue_registry.testing import FakeClock
from tests.faults.upstream.attacks import ATTACKS, PLACES
from tests.sync.builders import finished, sync
from tests.sync.natural import natural

ROOT = Path(__file__).parents[3]
#: The most CPU time and resident memory that a sync, or a rebuild after it, may take.
MOST_S = 40.0
MOST_BYTES = 300_000_000
#: The attacks of the quick test; each of the others takes a second or more.
QUICK = [
    "6,000 brackets before a text without an end",
    "a list of ones",
    "a stream with hundreds of thousands of keys",
    "a gzip of empty members",
]
#: The attacks whose response a sync stores, so that a rebuild reads it again.
STORED = [
    name for name, attack in ATTACKS.items() if attack.endpoint in ("window", "rows", "streams")
]
CHILD = """
import json, resource, sys
from pathlib import Path
from fitglue_registry import Host, Policy
from fitglue_registry.sync.events import SyncStopped
from fitglue_registry.sync.options import Options

with Host(sys.argv[1], policy=Policy.personal()) as host:
    if sys.argv[2] == "sync":
        events = list(host.sync(options=Options(files=True)))
    else:
        events = list(host.syncs.rebuild())
    codes = [event.error.code for event in events if isinstance(event, SyncStopped)]
    code = codes[0] if codes else None
usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
cpu_s = sum(usage.ru_utime + usage.ru_stime for usage in usages)
status = Path("/proc/self/status").read_text()
kib = int(status.partition("VmHWM:")[2].split()[0])
print(json.dumps({"code": code, "cpu_s": cpu_s, "bytes": kib * 1024}))
"""


def run(home, action):
    """Sync or rebuild a home in a child process; return its error, CPU time and memory."""
    command = [sys.executable, "-c", CHILD, str(home), action]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=300, check=True
    )
    return json.loads(done.stdout)


def lost(world, host):
    """Return the ids of the records that a sync without a fault stores and that this host lacks, or
    has in another state.

    A response that was taken for the streams of a workout stays stored until the workout changes.
    """
    records = natural(host)["records"]
    undisturbed = world.undisturbed["records"]
    return [key for key, state in undisturbed.items() if records.get(key) != state]


@pytest.mark.parametrize("name", QUICK)
def test_a_response_that_is_made_to_do_harm_costs_only_itself(server, open_host, world, name):
    """A response that is made to do harm is refused or stored, and the next sync stores the
    workouts of the account.
    """
    attack = ATTACKS[name]
    server.fault(PLACES[attack.endpoint], attack.fault(1), times=None)
    host = open_host()
    last = sync(host, files=True)
    assert (last.error.code if isinstance(last, SyncStopped) else None) == attack.small_code
    server.clear_faults()
    finished(host, files=True, full=True)
    assert lost(world, host) == []


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("name", ATTACKS)
def test_a_response_at_full_size_is_bounded(
    server, world, tmp_path, monkeypatch, reliability, name
):
    """A sync that gets a large response that is made to do harm takes at most 40 seconds of
    CPU time and 300 MB, and so does a rebuild of what it stored.
    """
    monkeypatch.setenv("FITGLUE_SECRETS", "file")
    attack = ATTACKS[name]
    with Host(tmp_path / "home", policy=Policy.personal()) as host:
        host.connect("intervals", world.values)
    server.fault(PLACES[attack.endpoint], attack.fault(10), times=None)
    results = {"sync": run(tmp_path / "home", "sync")}
    if name in STORED:
        results["rebuild"] = run(tmp_path / "home", "rebuild")
    assert results["sync"]["code"] == attack.code
    for action, result in results.items():
        assert result["cpu_s"] <= MOST_S, action
        assert result["bytes"] <= MOST_BYTES, action
    server.clear_faults()
    with Host(tmp_path / "home", clock=FakeClock(), policy=Policy.personal()) as host:
        finished(host, files=True, full=True)
        differs = lost(world, host)
    assert differs == []
    reliability(
        "services",
        name,
        lost=len(differs),
        seen=f"{attack.code or 'the sync goes on'}; at most 40 s of CPU time and 300 MB",
    )
