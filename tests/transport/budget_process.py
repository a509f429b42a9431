"""A program for a separate process, which asks a shared budget until it has granted a number of
requests, and prints the two times between which each request was granted.
"""

import sys
import time
from pathlib import Path

from fitglue_registry.registry import Budget as Limit
from fitglue_registry.transport.budget import FileBudget
from fitglue_registry.transport.clock import SystemClock

folder, wanted, requests, per_s = (
    Path(sys.argv[1]),
    int(sys.argv[2]),
    int(sys.argv[3]),
    float(sys.argv[4]),
)
budget = FileBudget(folder, "shared", [Limit(requests=requests, per_s=per_s)], SystemClock())
sys.stdin.readline()
for _ in range(wanted):
    asked_at = time.time()
    while (wait_s := budget.acquire()) > 0:
        time.sleep(wait_s)
        asked_at = time.time()
    sys.stdout.write(f"{asked_at} {time.time()}\n")
