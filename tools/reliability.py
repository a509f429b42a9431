"""Writes ``docs/reliability.md`` from what the fault tests wrote down: ``python
tools/reliability.py FOLDER [--stopped]``.

``make test-long`` runs all of them and then this; the everyday share of them runs in ``make test``
and changes no page.
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

from wrapped_markdown import formatted

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reliability.md"
TITLES = {
    "kill": "Killed, and started again",
    "machine": "Anything in any order",
    "upstream": "What the source may answer",
    "local": "What may go wrong on this machine",
    "files": "Files and archives, broken and hostile",
    "plugins": "Plugins and entries that misbehave",
    "old stores": "Stores of earlier formats",
    "secrets": "Secrets, planted and looked for",
}


NOTES = """
## What isolation does not promise

A plugin is a program that runs with the rights, and in the process, of whoever syncs. The host
holds what it gives back, what it raises, and how long it keeps silent. It does not hold:

- **Threads.** A plugin that blocks is abandoned, not stopped: its thread stays until the process
  ends, with whatever it holds.
- **The interpreter's lock.** C code that keeps it (a regular expression that explodes, a power of a
  power) stops every thread, the limit and Ctrl-C with it.
- **The end of the process.** `os._exit`, `os.kill`, a crash in native code and the kernel's hand on
  memory end all connections at once. The store is as after any kill: the next sync goes on. Where a
  part that is `heavy` is read, in a worker, they cost that worker: what it was at is read once more
  alone, and set aside if that ends the same way.
- **Memory.** One item, one window and one document have limits, checked once they are there: a
  plugin that makes a list of ten gigabytes has made it.
- **What a process has once.** Environment, working directory, locale, warnings, log handlers,
  proxies, monkey-patched modules: changed by one, changed for all. Only the recursion limit is put
  back; signals cannot be changed from a plugin's thread, and standard output is ours.
- **Time that is used.** The limit is for silence. A plugin that asks its source for ever, or gives
  a row a minute, is slow, not blocked.
- **Children.** Those that a plugin starts outlive the command; one that it forks keeps the lock of
  the connection until it ends.
- **Truth.** A well-formed lie is believed: a wrong distance, or the claim of another workout, which
  then are one until the claim is gone.
- **Secrets.** A plugin sees none, and could find them: it may read every file that you may read.

What to do: install what you trust. Where a plugin is not to be trusted with the others, give it a
process of its own: one `fitglue sync NAME` for each connection under a supervisor that limits
memory and time and starts it again (`systemd-run -p MemoryMax=500M -p RuntimeMaxSec=1h`). Where it
is not to be trusted with your files, give that process a user and a home of its own as well.
"""


STOPPED = (
    "The long tests of that run were stopped before their end and completed in parts: some "
    "of what they play last is missing here, "
    "and other rows were played twice."
)


@dataclass
class Row:
    """One line of the page: the same fault played by several tests counts once, with all that was
    seen.
    """

    times: int = 0
    lost: int = 0
    seen: dict[str, None] = field(default_factory=dict)
    files: dict[str, None] = field(default_factory=dict)


def gather(folder: Path) -> dict[str, dict[str, Row]]:
    """Area → fault → row, from the files of all test processes."""
    found: dict[str, dict[str, Row]] = defaultdict(lambda: defaultdict(Row))
    lines: list[dict[str, Any]] = []
    for file in sorted(folder.glob("*.jsonl")):
        lines += map(json.loads, file.read_text("utf-8").splitlines())
    for said in sorted(lines, key=lambda line: (line["test"], line["fault"])):
        row = found[said["area"]][said["fault"]]
        row.times += said["times"]
        row.lost += said["lost"]
        row.seen[said["seen"]] = None
        row.files[said["test"].partition("::")[0]] = None
    return found


def page(found: dict[str, dict[str, Row]], today: str, *, stopped: bool = False) -> list[str]:
    """The lines of the page."""
    every: list[Row] = []
    for rows in found.values():
        every += rows.values()
    lines = [
        "# Reliability",
        "",
        (
            "<!-- Made by `make test-long` from what the fault tests did and saw: change the "
            "tests, not this page. -->"
        ),
        "",
        (
            f"Written by `make test-long` on {today} (Python {platform.python_version()}, "
            f"{platform.system()}): {len(every)} kinds of fault, "
            f"played {sum(row.times for row in every):,} times; lost: "
            f"{sum(row.lost for row in every) or 'nothing'}. "
            "*Lost* counts what differs between the store after fault and restart, and that "
            "of an undisturbed run, by natural keys."
        ),
    ]
    if stopped:
        lines += ["", STOPPED]
    for area, title in TITLES.items():
        if area in found:
            names: set[str] = set()
            for row in found[area].values():
                names.update(row.files)
            files = ", ".join(f"`{name}`" for name in sorted(names))
            lines += ["", f"## {title}", "", f"Played by {files}.", ""]
            lines += ["| what was done | times | lost | what the user saw |", "|---|---:|---:|---|"]
            lines += [line(fault, row) for fault, row in sorted(found[area].items())]
    return [*lines, *NOTES.rstrip().splitlines()]


def line(fault: str, row: Row) -> str:
    """One line of a table."""
    cells: list[Any] = [fault, f"{row.times:,}", row.lost or "nothing", "; ".join(row.seen)]
    return (
        "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
    )


def main() -> None:
    """Write the page."""
    stopped = "--stopped" in sys.argv
    folder = Path(next(word for word in sys.argv[1:] if not word.startswith("--")))
    found = gather(folder)
    if not found:
        sys.exit(f"no fault test wrote anything down in {folder}")
    lines = page(found, datetime.now(UTC).date().isoformat(), stopped=stopped)
    PAGE.write_text(formatted("\n".join(lines) + "\n"), "utf-8")
    print(f"written: {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
