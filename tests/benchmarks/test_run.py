"""Tests that the benchmark runs; what it measures is not tested."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.long
def test_one_part_runs_on_its_own_and_writes_its_page(tmp_path):
    """A quick run of one part finishes on its own, stores its results and writes the page."""
    command = [
        sys.executable,
        "benchmarks/run.py",
        "kill",
        "--quick",
        "--count",
        "30",
        "--rounds",
        "1",
        "--out",
        str(tmp_path),
    ]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
    assert list(json.loads((tmp_path / "results.json").read_text())["parts"]) == ["kill"]
    assert "python benchmarks/run.py kill --quick" in (tmp_path / "performance.md").read_text()
