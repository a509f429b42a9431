"""Writes down what the fault tests did and saw; ``tools/reliability.py`` makes
``docs/reliability.md`` of it.

A test asks for the fixture ``reliability`` and calls it once for each fault that it played::

    reliability("upstream", "details: 502 with a page of HTML", lost=0, seen="FG-source-down")

Rows count only if the test passed. They go to the folder that ``FITGLUE_RELIABILITY`` names, a
file a process; without it nowhere.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

#: The parts of the page, in its order.
AREAS = ("kill", "machine", "upstream", "local", "files", "plugins", "old stores", "secrets")


@dataclass(frozen=True, slots=True)
class Row:
    """One fault: where it belongs, what was done and how often, how many things were lost, and what
    the user saw.
    """

    area: str
    fault: str
    times: int
    lost: int
    seen: str
    test: str


class Ledger:
    """The rows of one test, kept until it is known whether it passed."""

    def __init__(self, test: str) -> None:
        self._test = test
        self._rows: list[Row] = []

    def __call__(self, area: str, fault: str, *, times: int = 1, lost: int, seen: str) -> None:
        """Note one fault; ``lost`` is counted by the test, never assumed."""
        if area not in AREAS:
            raise ValueError(f"the page has no part {area!r}, only {', '.join(AREAS)}")
        self._rows.append(Row(area, fault, times, lost, seen, self._test))

    def keep(self) -> None:
        """Write the rows down, for the test passed."""
        folder = os.environ.get("FITGLUE_RELIABILITY")
        if folder and self._rows:
            file = Path(folder, f"{os.getpid()}.jsonl")
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("a", encoding="utf-8") as out:
                out.writelines(
                    json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in self._rows
                )
