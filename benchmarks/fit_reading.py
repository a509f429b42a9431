"""Measures the CPU time that our reader of FIT files and those of other products need per file."""

from __future__ import annotations

import json
import shutil
import statistics
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import archive
import peers
from field import HERE
from fitfiles import write_folder
from measure import run

if TYPE_CHECKING:
    from pathlib import Path

    from plan import Plan

Figures = dict[str, Any]

OURS = "FitGlue"
IMPORT = "FitGlue, complete import"
_SCRIPT = str(HERE / "contenders" / "read_fit.py")
#: The samples of a file of ``fitfiles.py``.
_SAMPLES = 3600


@dataclass(frozen=True, slots=True)
class Contender:
    """A reader of ``contenders/read_fit.py``, the Python that runs it, and the package it is from.

    ``package`` is ``None`` if it is a part of this repository.
    """

    name: str
    reader: str
    python: str = peers.PYTHON
    package: str | None = None


CONTENDERS = [
    Contender(OURS, "fitglue", sys.executable),
    Contender("fitfast, columns of samples", "fitfast-columns", package="fitfast"),
    Contender("fitfast, dicts of messages", "fitfast-messages", package="fitfast"),
    Contender("Garmin's SDK", "garmin-sdk", package="garmin-fit-sdk"),
    Contender("fitdecode", "fitdecode", package="fitdecode"),
]


def measure(plan: Plan) -> Figures:
    """Read the same files with each contender in turns, and import them; each run is a process of
    its own.
    """
    count, rounds = plan.size(100, 10), plan.times(5, 2)
    few = max(2, count // 10)
    folder, small = plan.scratch / "rides", plan.scratch / "few"
    write_folder(folder, count)
    write_folder(small, few)
    missing = peers.set_up()
    running = [contender for contender in CONTENDERS if contender.package not in missing]
    cpu_ms: dict[str, list[float]] = {name: [] for name in (*(c.name for c in running), IMPORT)}
    packages = {}
    # The contenders take turns, so that a slower phase of the machine affects all of them.
    for _ in range(rounds):
        for contender in running:
            measured = _read(contender, folder, count)
            cpu_ms[contender.name].append(measured["cpu_ms"])
            packages[contender.name] = measured["package"]
        # The difference leaves out the start of the processes, which the readers do not count.
        more_s = _import(plan, folder, count) - _import(plan, small, few)
        cpu_ms[IMPORT].append(more_s / (count - few) * 1000)
        shown = ", ".join(f"{name} {values[-1]:.1f}" for name, values in cpu_ms.items())
        print(f"  CPU ms per file: {shown}", flush=True)
    return {
        "count": count,
        "bytes": statistics.median(path.stat().st_size for path in folder.iterdir()),
        "contenders": {name: _summary(values) for name, values in cpu_ms.items()},
        "packages": packages,
        "missing": {
            contender.name: {"package": contender.package, "reason": missing[contender.package]}
            for contender in CONTENDERS
            if contender.package in missing
        },
    }


def _read(contender: Contender, folder: Path, count: int) -> Figures:
    """Read a folder with a contender, and return what it measured.

    Raises ``RuntimeError`` if the contender did not find every sample, because it would be compared
    with others that did more.
    """
    took = run([contender.python, _SCRIPT, contender.reader, str(folder)])
    measured: Figures = json.loads(took.out)
    if measured["samples"] != count * _SAMPLES:
        raise RuntimeError(f"{contender.name} found {measured['samples']} samples in {count} files")
    return measured


def _import(plan: Plan, folder: Path, count: int) -> float:
    """Import a folder into a new home, and return the CPU time of all processes in seconds."""
    home = plan.scratch / "home"
    took = run([*archive.IMPORT, str(home), str(folder)])
    counted = json.loads(took.out)
    if counted["read"] != count or counted["refused"]:
        raise RuntimeError(f"of {count} files, {counted['read']} were imported")
    shutil.rmtree(home)
    return took.cpu_s


def _summary(values: list[float]) -> Figures:
    """Return the median, lowest and highest of the values of all rounds."""
    return {
        "cpu_ms": statistics.median(values),
        "lowest_ms": min(values),
        "highest_ms": max(values),
        "runs": len(values),
    }
