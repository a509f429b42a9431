"""FitGlue itself, embedded: takes what lies at a path, and prints when all of it was listed and
when all of it was read.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from fitglue_registry import Host
from fitglue_registry.sync.events import PartStored, SyncStopped, WindowListed


def main() -> None:
    """``importing.py HOME PATH``."""
    started = time.perf_counter()
    said = {"listed_s": 0.0, "rows": 0, "read": 0}
    with Host(Path(sys.argv[1])) as host:
        for event in host.import_paths([sys.argv[2]]):
            if isinstance(event, WindowListed):
                said |= {
                    "listed_s": time.perf_counter() - started,
                    "rows": said["rows"] + event.rows,
                }
            elif isinstance(event, PartStored):
                said["read"] += 1
            elif isinstance(event, SyncStopped):
                raise SystemExit(f"the import stopped: {event.error}")
        said |= {"took_s": time.perf_counter() - started, "refused": len(host.records.quarantine())}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
