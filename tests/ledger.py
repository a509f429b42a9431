"""Records what the fault tests did and saw; ``tools/reliability.py`` writes ``docs/reliability.md``
from it.

A test requests the fixture ``reliability`` and calls it once for each fault that it played::

    reliability("upstream", "details: 502 with a page of HTML", lost=0, seen="FG-source-down")

Rows count only if the test passes. They are written to the folder that ``FITGLUE_RELIABILITY``
names, one file per process; without the variable they are dropped.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

#: The sections of the page, in their order.
AREAS = (
    "kill",
    "machine",
    "upstream",
    "sending",
    "services",
    "local",
    "files",
    "plugins",
    "old stores",
    "secrets",
    "athletes",
    "command",
)

# Read before any test runs, because many tests remove every variable of FitGlue.
_FOLDER = os.environ.get("FITGLUE_RELIABILITY")


@dataclass(frozen=True, slots=True)
class Row:
    """One fault: its section, what was done and how often, how many things were lost, and what the
    user saw.
    """

    area: str
    fault: str
    times: int
    lost: int
    seen: str
    test: str


class Ledger:
    """The rows of one test, which are written only if it passes."""

    def __init__(self, test: str) -> None:
        self._test = test
        self._rows: list[Row] = []

    def __call__(self, area: str, fault: str, *, times: int = 1, lost: int, seen: str) -> None:
        """Record one fault.

        ``lost`` is what the test counted; it has no default, so no test can assume it.
        """
        if area not in AREAS:
            raise ValueError(f"the page has no section {area!r}, only {', '.join(AREAS)}")
        self._rows.append(Row(area, fault, times, lost, seen, self._test))

    def write(self) -> None:
        """Write the rows to a file, because the test passed."""
        if _FOLDER and self._rows:
            file = Path(_FOLDER, f"{os.getpid()}.jsonl")
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("a", encoding="utf-8") as out:
                out.writelines(
                    json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in self._rows
                )
