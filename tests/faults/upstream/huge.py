"""A child process that syncs once and prints its error and its peak memory in bytes."""

from __future__ import annotations

import json
import resource
import sys

from fitglue_registry import Host, Policy
from fitglue_registry.sync.events import SyncStopped


def main(home: str) -> None:
    """Sync everything in ``home`` and print the result as JSON."""
    with Host(home, policy=Policy.personal()) as host:
        last = list(host.sync())[-1]
        error = last.error.as_dict() if isinstance(last, SyncStopped) else None
    print(
        json.dumps(
            {"error": error, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
        )
    )


if __name__ == "__main__":
    main(sys.argv[1])
