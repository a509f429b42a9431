"""A function that a worker process runs to show how much address space its threads take."""

from __future__ import annotations

import threading
from pathlib import Path


def address_space(threads: int) -> int:
    """Return how many bytes of address space the process has while many threads hold memory."""
    started = threading.Barrier(threads + 1)
    measured = threading.Event()

    def hold() -> None:
        held = [bytes(1000) for _ in range(100)]
        started.wait()
        measured.wait()
        held.clear()

    all_threads = [threading.Thread(target=hold) for _ in range(threads)]
    for thread in all_threads:
        thread.start()
    started.wait()
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    measured.set()
    for thread in all_threads:
        thread.join()
    return pages * 4096
