"""Answers that are larger than memory should have to hold, measured in a child process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fitglue_registry import Host
from fitglue_registry.testing import FakeClock, Fault
from tests.faults.upstream.compare import lost
from tests.faults.upstream.conftest import FILES
from tests.faults.upstream.matrix import ENDPOINTS
from tests.sync.natural import natural

CHILD = Path(__file__).with_name("huge.py")
ROOT = Path(__file__).parents[3]
#: What an entry allows one answer to be, and how often it may be in memory at once: as received,
#: joined, and unpacked.
LIMIT, COPIES = 64_000_000, 3


@pytest.fixture
def sync_in_child(server, tmp_path, monkeypatch):
    """Syncs a first time in a process of its own; its error and its peak of memory come back."""
    monkeypatch.setenv("FITGLUE_SECRETS", "file")

    def sync(home="home"):
        with Host(tmp_path / home) as host:
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
        (Fault.flood(announced=False), "a body of 500 MB, unannounced"),
        (Fault.bomb(), "a gzip of 500 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("endpoint", ["sizing", "window", "streams"])
def test_a_huge_answer_takes_no_more_memory_than_its_limit(
    sync_in_child, server, world, tmp_path, reliability, endpoint, fault, name
):
    """500 MB, in whatever form, are read up to ``max_body_mb`` and no further, and the error names
    the limit.
    """
    usual = sync_in_child("usual")["peak"]
    server.fault(ENDPOINTS[endpoint], fault, times=None)
    said = sync_in_child()
    assert said["error"]["code"] == "FG-answer-too-large"
    assert said["error"]["what"] == "127.0.0.1 responds with more than 64 MB"
    assert "max_body_mb" in said["error"]["fix"]
    lanes = 2 if endpoint == "streams" else 1
    assert said["peak"] - usual < COPIES * LIMIT * lanes
    server.clear_faults()
    with Host(tmp_path / "home", clock=FakeClock()) as host:
        list(host.sync(options=FILES))
        differs = lost(world.undisturbed, natural(host))
    assert differs == []
    reliability(
        "upstream",
        f"{name}: memory of a child process",
        lost=len(differs),
        seen="FG-answer-too-large, exit 5; at most three times the limit",
    )
