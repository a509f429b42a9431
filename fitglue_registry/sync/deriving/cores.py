"""Counts how many processes can run in parallel on this machine, or in this container."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path

#: More processes than this do not make an import faster, because one process stores.
_MOST_WORKERS = 16
#: Where Linux states the share of CPU time that a container may use: quota and period.
_CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def count_cores() -> int:
    """Return how many processes can run in parallel; the limits of a container count too."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores, _quota(), _MOST_WORKERS))


def _quota() -> int:
    """Return how many cores the container may use, rounded up; a large number if it may use all."""
    with suppress(OSError, ValueError):
        quota, period = _CPU_QUOTA.read_text().split()
        if quota != "max":
            return math.ceil(int(quota) / int(period))
    return _MOST_WORKERS
