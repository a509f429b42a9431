"""FitGlue itself, embedded: import a path, and print when the first workouts were stored and when
all were.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from fitglue_registry import Host, Policy
from fitglue_registry.sync.events import PartStored, SyncStopped, WindowListed


def main() -> None:
    """Import a path into a home: ``importing.py HOME PATH``."""
    started = time.perf_counter()
    counted = {"first_s": 0.0, "rows": 0, "read": 0}
    with Host(Path(sys.argv[1]), policy=Policy.personal()) as host:
        for event in host.import_paths([sys.argv[2]]):
            if isinstance(event, WindowListed):
                counted["rows"] += event.rows
            elif isinstance(event, PartStored):
                if not counted["read"]:
                    counted["first_s"] = time.perf_counter() - started
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
