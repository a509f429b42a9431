"""Writes ``docs/reliability.md`` from what the fault tests recorded: ``python tools/reliability.py
FOLDER [--in-parts]``.

``make test-long`` runs all fault tests and then this. ``make test`` runs only a share of them and
does not change the page.
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
    "kill": "Processes that are killed and started again",
    "machine": "Any sequence of actions",
    "upstream": "Faulty responses of a source",
    "sending": "Faulty responses of a destination",
    "services": "Responses that are made to take time or memory",
    "local": "Faults of the machine",
    "files": "Broken and hostile files and archives",
    "plugins": "Plugins and entries that misbehave",
    "old stores": "Stores of earlier formats",
    "secrets": "Planted secrets",
    "athletes": "Other athletes of a server",
    "command": "Odd arguments, output files, queries, and other users of the machine",
}


NOTES = """
## What isolation does not promise

A plugin is a program that runs in the process, and with the rights, of the user who syncs. The host
checks what a plugin returns and raises, and how long it is silent. It cannot protect you from
everything else:

- **Threads.** A plugin that blocks is abandoned, not stopped: its thread stays until the process
  ends, with everything that it holds.
- **The interpreter's lock.** C code that does not release the GIL (such as a regular expression
  that needs exponential time, or a huge power) stops every thread, including the time limit and
  Ctrl-C.
- **The end of the process.** `os._exit`, `os.kill`, a crash in native code and the kernel's
  out-of-memory killer end all connections at once. The store is as after any kill: the next sync
  continues. A part that is `heavy` is read in a worker process, and there they end only that
  worker: the file that it was reading is tried once more on its own, and left out if the worker
  ends again.
- **Memory.** Items, windows and documents have limits, which are checked once the value exists: a
  plugin that builds a list of ten gigabytes has used that memory.
- **State that a process has only once.** If one plugin changes the environment, the working
  directory, the locale, warnings, log handlers, proxies or a module, it changes them for all. Only
  the recursion limit is restored. A plugin cannot change signal handlers, because it runs in a
  thread, and it cannot write to our standard output.
- **Time that is used.** The limit is for silence. A plugin that yields one row per minute is slow
  but not blocked. What a call requests, and the rows that it yields, have limits of their own.
- **Child processes.** Those that a plugin starts outlive the command, and one that it forks holds
  the lock of the connection until it ends.
- **Truth.** A well-formed lie is believed, such as a wrong distance or the claim of another
  workout: the two workouts are then one activity until the claim is removed.
- **Secrets.** A plugin is given none, but it can read every file that you can read.

Therefore install only plugins that you trust. If a plugin must not affect the others, give it a
process of its own: run one `fitglue sync NAME` per connection under a supervisor that limits memory
and time and restarts it (`systemd-run -p MemoryMax=500M -p RuntimeMaxSec=1h`). If a plugin must not
read your files, give that process a user and a home of its own as well.
"""


IN_PARTS = (
    "The tests were played in parts, at more than one commit, and not in one run: a fault may be "
    "counted in two of them."
)


@dataclass
class Row:
    """One row of a table. The same fault played by several tests is one row, with everything that
    was seen.
    """

    times: int = 0
    lost: int = 0
    # Dictionaries instead of sets, because they keep the order.
    seen: dict[str, None] = field(default_factory=dict)
    files: dict[str, None] = field(default_factory=dict)


def gather(folder: Path) -> dict[str, dict[str, Row]]:
    """Return the rows of all test processes: area → fault → row."""
    areas: dict[str, dict[str, Row]] = defaultdict(lambda: defaultdict(Row))
    records: list[dict[str, Any]] = []
    for file in sorted(folder.glob("*.jsonl")):
        records += map(json.loads, file.read_text("utf-8").splitlines())
    # Which process ran a test differs from run to run, so the order of the files says nothing.
    for record in sorted(records, key=lambda record: (record["test"], record["fault"])):
        row = areas[record["area"]][record["fault"]]
        row.times += record["times"]
        row.lost += record["lost"]
        row.seen[record["seen"]] = None
        row.files[record["test"].partition("::")[0]] = None
    return areas


def page(areas: dict[str, dict[str, Row]], today: str, *, in_parts: bool = False) -> list[str]:
    """Return the lines of the page.

    Args:
        areas: the rows, as ``gather`` returns them.
        today: the date of the run, in ISO format.
        in_parts: whether the tests were played in parts; the page then says so.
    """
    all_rows: list[Row] = []
    for rows in areas.values():
        all_rows += rows.values()
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
            f"{platform.system()}): {len(all_rows)} kinds of faults, "
            f"played {sum(row.times for row in all_rows):,} times; lost: "
            f"{sum(row.lost for row in all_rows) or 'nothing'}. "
            "*Lost* is the number of differences, by natural keys, between the store after fault "
            "and restart and the store of an undisturbed run."
        ),
    ]
    if in_parts:
        lines += ["", IN_PARTS]
    for area, title in TITLES.items():
        if area in areas:
            names: set[str] = set()
            for row in areas[area].values():
                names.update(row.files)
            files = ", ".join(f"`{name}`" for name in sorted(names))
            lines += ["", f"## {title}", "", f"Played by {files}.", ""]
            lines += ["| Fault | Times | Lost | What the user sees |", "|---|---:|---:|---|"]
            lines += [table_row(fault, row) for fault, row in sorted(areas[area].items())]
    return [*lines, *NOTES.rstrip().splitlines()]


def table_row(fault: str, row: Row) -> str:
    """Return a row of a table as Markdown."""
    cells: list[Any] = [fault, f"{row.times:,}", row.lost or "nothing", "; ".join(row.seen)]
    # A pipe would end the cell, and a line break the table.
    return (
        "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
    )


def main() -> None:
    """Write the page from the folder that the command line names."""
    in_parts = "--in-parts" in sys.argv
    folder = Path(next(word for word in sys.argv[1:] if not word.startswith("--")))
    areas = gather(folder)
    if not areas:
        sys.exit(f"no fault test recorded anything in {folder}")
    lines = page(areas, datetime.now(UTC).date().isoformat(), in_parts=in_parts)
    PAGE.write_text(formatted("\n".join(lines) + "\n"), "utf-8")
    print(f"written: {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
