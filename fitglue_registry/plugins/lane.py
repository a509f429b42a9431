"""A worker thread for the code of one plugin, which can be abandoned if it blocks."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable

Work = Callable[[], None]


class Lane:
    """A daemon thread that calls functions one after another.

    All calls of a plugin run on the same thread, so a plugin may use objects that are bound to a
    thread, such as an SQLite connection.

    Args:
        plugin: The name of the plugin, which becomes part of the thread's name.
    """

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
        """Whether the thread runs in this process; a fork copies the queue but not the thread."""
        return self._process == os.getpid()

    def put(self, work: Work) -> None:
        """Let the thread call ``work`` after everything that was put before."""
        self._works.put(work)

    def close(self) -> None:
        """Let the thread end after everything that was put before."""
        self._works.put(None)

    def _serve(self) -> None:
        while True:
            work = self._works.get()
            if work is None:
                return
            work()
            # Release the arguments of the call, which may be large, before a long wait.
            del work
