"""Tests of the table that compares readers of FIT files; what they take is not tested."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import page  # noqa: E402 - the folder of the benchmarks is no package
import peers  # noqa: E402
from goals import GOALS  # noqa: E402

RESULTS = json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8"))


@pytest.fixture
def written(tmp_path):
    """Return a function that returns the page for the measured values of the readers."""

    def write(figures):
        part = {"quick": False, "figures": figures}
        results = RESULTS | {"parts": RESULTS["parts"] | {"fit-reading": part}}
        page.write(results, tmp_path / "performance.md")
        return " ".join((tmp_path / "performance.md").read_text(encoding="utf-8").split())

    return write


def measured(cpu_ms):
    return {"cpu_ms": cpu_ms, "lowest_ms": cpu_ms, "highest_ms": cpu_ms, "runs": 3}


def test_readers_are_compared_with_ours(written):
    """The table has the CPU time of each reader as a multiple of that of our reader."""
    figures = {
        "count": 100,
        "bytes": 90_000,
        "contenders": {"FitGlue": measured(25.0), "Other": measured(100.0)},
        "packages": {"Other": "other 1.2"},
        "missing": {},
    }
    assert "| Other | other 1.2 | 4.00 | 100.0 |" in written(figures)


def test_a_reader_that_cannot_be_installed_has_no_values(written):
    """A reader that could not be installed is in the table with the reason and without values."""
    figures = {
        "count": 100,
        "bytes": 90_000,
        "contenders": {"FitGlue": measured(25.0)},
        "packages": {},
        "missing": {"Other": {"package": "other", "reason": "No matching distribution"}},
    }
    text = written(figures)
    assert "| Other | other, which could not be installed | not run |" in text
    assert "Other was not run here: No matching distribution." in text


def test_a_package_that_cannot_be_installed_costs_only_itself(monkeypatch, tmp_path):
    """If one package of a list cannot be installed, all others are, and its reason is kept."""
    installed = []

    def problem(command):
        if "absent==1.0" in command:
            return "No matching distribution"
        if "install" in command:
            installed.extend(command[command.index("install") + 1 :])
        return None

    monkeypatch.setattr(peers, "_problem", problem)
    wanted = tmp_path / "peers.txt"
    wanted.write_text("# a comment\nfirst[extra]==2.0\nabsent==1.0\nlast==3.0\n")
    monkeypatch.setattr(peers, "LISTS", {tmp_path / "env": wanted})
    monkeypatch.setattr(peers, "_MARK", tmp_path / ".ready")
    assert peers.set_up() == {"absent": "No matching distribution"}
    assert installed == ["first[extra]==2.0", "last==3.0"]
    assert not (tmp_path / ".ready").exists()


def test_all_peers_are_pinned():
    """Each peer of the benchmark is pinned to one version."""
    for path in peers.LISTS.values():
        assert all("==" in requirement for requirement in peers.requirements(path))


def test_the_archive_has_every_goal():
    """The goals for an archive are its time, cores, CPU time, first rows and second import."""
    promises = {goal.name: goal.promise for goal in GOALS if goal.part == "archive"}
    assert promises == {
        "archive-first": "≤ 3 s",
        "archive-read": "≤ 25 s",
        "archive-cores": "≥ 1.80",
        "archive-cpu": "≤ 40 ms",
        "archive-again": "≤ 1 s",
    }
