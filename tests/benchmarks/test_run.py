"""The benchmark runs; what it measures is no test's business."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.long
def test_one_part_runs_by_itself_and_writes_its_page(tmp_path):
    """One part, run quickly into a folder of its own, ends by itself, keeps its figures and writes
    the page of performance.
    """
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
