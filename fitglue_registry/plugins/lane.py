"""A thread of its own for the code of one plugin, which can be abandoned where it blocks."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable

Work = Callable[[], None]


class Lane:
    """Does work in turn, on a daemon thread."""

    def __init__(self, plugin: str) -> None:
        self._process = os.getpid()
        self._works: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        thread = threading.Thread(
            target=self._serve,
            daemon=True,
            name=f"plugin {plugin}",
        )
        thread.start()

    @property
    def can_work(self) -> bool:
        """Whether the thread is in this process: a fork has the queue and not the thread."""
        return self._process == os.getpid()

    def put(self, work: Work) -> None:
        """Let the thread do this when it has done what it was given before."""
        self._works.put(work)

    def close(self) -> None:
        """Let the thread end once it has done what it was given."""
        self._works.put(None)

    def _serve(self) -> None:
        while True:
            work = self._works.get()
            if work is None:
                return
            work()
            del work  # and with it what it was called with, which may be large, before a long wait
