"""Tests that responses too large for memory are refused, measured in a child process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fitglue_registry import Host, Policy
from fitglue_registry.testing import FakeClock, Fault
from tests.faults.upstream.compare import lost
from tests.faults.upstream.conftest import FILES
from tests.faults.upstream.matrix import ENDPOINTS
from tests.sync.natural import natural

CHILD = Path(__file__).with_name("huge.py")
ROOT = Path(__file__).parents[3]
#: The size that an entry allows for one response, and how many copies of it may be in memory: as
#: received, joined, and unpacked.
LIMIT, COPIES = 64_000_000, 3


@pytest.fixture
def sync_in_child(server, tmp_path, monkeypatch):
    """Return a function that runs a first sync in a child process and returns its error and its
    peak memory.
    """
    monkeypatch.setenv("FITGLUE_SECRETS", "file")

    def sync(home="home"):
        with Host(tmp_path / home, policy=Policy.personal()) as host:
            host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        command = [sys.executable, "-W", "error", str(CHILD), str(tmp_path / home)]
        return json.loads(
            subprocess.run(
                command, capture_output=True, text=True, cwd=ROOT, timeout=600, check=True
            ).stdout
        )

    return sync


@pytest.mark.long
@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (Fault.flood(), "a body of 500 MB"),
        (Fault.flood(announced=False), "a body of 500 MB without a stated length"),
        (Fault.bomb(), "a gzip of 500 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("endpoint", ["sizing", "window", "streams"])
def test_a_huge_answer_takes_no_more_memory_than_its_limit(
    sync_in_child, server, world, tmp_path, reliability, endpoint, fault, name
):
    """A response of 500 MB in any form is read only up to ``max_body_mb``, and the error
    names the limit.
    """
    usual = sync_in_child("usual")["peak"]
    server.fault(ENDPOINTS[endpoint], fault, times=None)
    result = sync_in_child()
    assert result["error"]["code"] == "FG-answer-too-large"
    assert result["error"]["what"] == "127.0.0.1 responds with more than 64 MB"
    assert "max_body_mb" in result["error"]["fix"]
    concurrent = 2 if endpoint == "streams" else 1
    assert result["peak"] - usual < COPIES * LIMIT * concurrent
    server.clear_faults()
    with Host(tmp_path / "home", clock=FakeClock(), policy=Policy.personal()) as host:
        list(host.sync(options=FILES))
        differs = lost(world.undisturbed, natural(host))
    assert differs == []
    reliability(
        "upstream",
        f"{name}: memory of the process",
        lost=len(differs),
        seen="FG-answer-too-large, exit 5; memory stays below three times the limit",
    )
