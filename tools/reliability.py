"""Writes ``docs/reliability.md`` from what the fault tests wrote down: ``python tools/reliability.py FOLDER``.

``make test-long`` runs all of them and then this; the everyday share of them runs in ``make test`` and changes no page.
"""

from __future__ import annotations

import json
import platform
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reliability.md"
TITLES = {
    "kill": "Killed, and started again",
    "machine": "Anything in any order",
    "upstream": "What the source may answer",
    "local": "What may go wrong on this machine",
    "plugins": "Plugins and entries that misbehave",
    "old stores": "Stores of earlier formats",
    "secrets": "Secrets, planted and looked for",
}


@dataclass
class Row:
    """One line of the page: the same fault played by several tests counts once, with all that was seen."""

    times: int = 0
    lost: int = 0
    seen: dict[str, None] = field(default_factory=dict)
    files: dict[str, None] = field(default_factory=dict)


def gather(folder: Path) -> dict[str, dict[str, Row]]:
    """Area → fault → row, from the files of all test processes."""
    found: dict[str, dict[str, Row]] = defaultdict(lambda: defaultdict(Row))
    lines = [json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines()]
    for said in sorted(lines, key=lambda line: (line["test"], line["fault"])):
        row = found[said["area"]][said["fault"]]
        row.times += said["times"]
        row.lost += said["lost"]
        row.seen[said["seen"]] = None
        row.files[said["test"].partition("::")[0]] = None
    return found


def page(found: dict[str, dict[str, Row]], today: str) -> list[str]:
    """The lines of the page."""
    every = [row for rows in found.values() for row in rows.values()]
    lines = [
        "# Reliability", "",
        "<!-- Made by `make test-long` from what the fault tests did and saw: change the tests, not this page. -->", "",
        (f"Written by `make test-long` on {today} (Python {platform.python_version()}, {platform.system()}): {len(every)} kinds of fault, "
        f"played {sum(row.times for row in every):,} times; lost: {sum(row.lost for row in every) or 'nothing'}. "
        "*Lost* counts what differs between the store after fault and restart, and that of an undisturbed run, by natural keys."),
    ]
    for area, title in TITLES.items():
        if area in found:
            files = ", ".join(f"`{name}`" for name in sorted({name for row in found[area].values() for name in row.files}))
            lines += ["", f"## {title}", "", f"Played by {files}.", ""]
            lines += ["| what was done | times | lost | what the user saw |", "|---|---:|---:|---|"]
            lines += [line(fault, row) for fault, row in sorted(found[area].items())]
    return lines


def line(fault: str, row: Row) -> str:
    """One line of a table."""
    cells: list[Any] = [fault, f"{row.times:,}", row.lost or "nothing", "; ".join(row.seen)]
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def main() -> None:
    """Write the page."""
    folder = Path(sys.argv[1])
    found = gather(folder)
    if not found:
        sys.exit(f"no fault test wrote anything down in {folder}")
    PAGE.write_text("\n".join(page(found, datetime.now(UTC).date().isoformat())) + "\n", "utf-8")
    print(f"written: {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
