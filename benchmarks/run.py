"""Measures speed and size against the stand-in on loopback, and writes ``docs/performance.md`` and
``docs/scale.md``: ``make bench``.

``python benchmarks/run.py`` runs every part, and ``python benchmarks/run.py first-sync --count
200`` runs one of them; the results of the others stay. ``--quick`` is for development: small counts
and few repeats. The results are in ``benchmarks/results.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sqlite3
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import page
import scale
from parts import PARTS
from plan import Plan

RESULTS = Path(__file__).resolve().parent / "results.json"


def main() -> None:
    """Run the parts that the command line names, then write the pages."""
    options = _arguments()
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
    stored = options.out / RESULTS.name if options.out else RESULTS
    results = json.loads(stored.read_text()) if stored.exists() else {"parts": {}}
    started = time.monotonic()
    for name in [] if options.pages else options.parts or list(PARTS):
        print(f"{name} …", flush=True)
        scratch = Path(tempfile.mkdtemp(prefix=f"fitglue-bench-{name}-"))
        began = time.monotonic()
        try:
            figures = PARTS[name](Plan(scratch, options.quick, options.count, options.rounds))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        results["parts"][name] = {
            "quick": options.quick,
            "date": datetime.now(UTC).date().isoformat(),
            "figures": figures,
            "took_s": round(time.monotonic() - began),
        }
        results["machine"] = _machine()
        # Stored after each part, so that a run that is interrupted loses only the current part.
        stored.write_text(json.dumps(results, indent=1) + "\n")
    print(f"{time.monotonic() - started:.0f} s")
    page.write(results, options.out / "performance.md" if options.out else page.PAGE)
    scale.write(results, options.out / "scale.md" if options.out else scale.PAGE)


def _machine() -> dict[str, Any]:
    """Return what the page says about the machine."""
    return {
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def _arguments() -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "parts",
        nargs="*",
        choices=[*PARTS, []],
        metavar="PART",
        help=f"one of {', '.join(PARTS)}; all if none is given",
    )
    parser.add_argument("--quick", action="store_true", help="small counts, few repeats")
    parser.add_argument("--count", type=int, help="number of activities, instead of the default")
    parser.add_argument("--rounds", type=int, help="number of repeats, instead of the default")
    parser.add_argument(
        "--pages",
        action="store_true",
        help="measure nothing; write the pages from the stored results",
    )
    parser.add_argument(
        "--out", type=Path, help="folder for results and pages, instead of the checkout"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
