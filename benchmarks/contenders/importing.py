"""FitGlue itself, embedded: import a path, and print when all files were listed and when all were
read.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from fitglue_registry import Host
from fitglue_registry.sync.events import PartStored, SyncStopped, WindowListed


def main() -> None:
    """Import a path into a home: ``importing.py HOME PATH``."""
    started = time.perf_counter()
    counted = {"listed_s": 0.0, "rows": 0, "read": 0}
    with Host(Path(sys.argv[1])) as host:
        for event in host.import_paths([sys.argv[2]]):
            if isinstance(event, WindowListed):
                counted |= {
                    "listed_s": time.perf_counter() - started,
                    "rows": counted["rows"] + event.rows,
                }
            elif isinstance(event, PartStored):
                counted["read"] += 1
            elif isinstance(event, SyncStopped):
                raise SystemExit(f"the import stopped: {event.error}")
        counted |= {
            "took_s": time.perf_counter() - started,
            "refused": len(host.records.quarantine()),
        }
    sys.stdout.write(json.dumps(counted))


if __name__ == "__main__":
    main()
