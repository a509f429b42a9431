"""Starts worker processes with loky, and makes sure that they end with the process they work for.

This is the only module that imports loky, which takes 50 ms. The host imports it when there is
enough work for worker processes.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager
from multiprocessing.resource_tracker import ensure_running
from typing import TYPE_CHECKING, Any, TypeVar

import loky

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

Result = TypeVar("Result")
_CHECK_EVERY_S = 1.0
#: A terminal (Ctrl-C) and a service manager send these signals to every process of a group. Workers
#: ignore them: the parent handles the signal and then ends its workers.
_SIGNALS_OF_PARENT = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


def count_cores() -> int:
    """Return how many processes can run in parallel; limits of a container count too."""
    return int(loky.cpu_count())


def start_workers(count: int) -> LokyWorkers:
    """Return workers whose ``count`` processes are started by the first submitted work."""
    return LokyWorkers(count)


class LokyWorkers:
    """Worker processes of a loky executor; it implements ``sync.context.Workers``."""

    def __init__(self, count: int) -> None:
        self._executor = loky.ProcessPoolExecutor(
            max_workers=count, initializer=_initialize_worker, initargs=(os.getpid(),)
        )

    def submit(self, work: Callable[..., Result], *arguments: Any) -> Future[Result]:
        """Run a function in one of the worker processes, as ``Workers.submit`` describes."""
        # This call may start the processes. A signal that arrives before their initializer ignores
        # it would end them with a traceback, so they are started with the signals blocked.
        with _signals_blocked():
            future: Future[Result] = self._executor.submit(work, *arguments)
        return future

    def stop(self, *, kill: bool) -> None:
        """End the worker processes; with ``kill``, do not wait for their current work."""
        self._executor.shutdown(kill_workers=kill)


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Block signals in this thread, and so in every process that is started during the block.

    A signal that arrives for this process meanwhile is delivered after the block.
    """
    # Windows has no signal masks.
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # The first worker would start the resource tracker of multiprocessing, and its start unblocks
    # SIGINT and SIGTERM again (bpo-33613). So it is started before they are blocked.
    ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS_OF_PARENT)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# -- in a worker process ---------------------------------------------------------------------------


def _initialize_worker(parent: int) -> None:
    """Make a new worker ignore the parent's signals, and end when the parent ends."""
    for number in _SIGNALS_OF_PARENT:
        signal.signal(number, signal.SIG_IGN)
    exit_with_parent(parent)


def exit_with_parent(parent: int) -> None:
    """End this worker within about a second after its parent ended.

    A parent that is killed (SIGKILL, out of memory) cannot stop its workers itself.

    Args:
        parent: The process id of the parent.
    """

    def watch() -> None:
        # No portable notification exists for the end of a parent. The kernel gives an orphan
        # another parent, so its parent's id changes.
        while os.getppid() == parent:
            time.sleep(_CHECK_EVERY_S)
        # Not sys.exit(), which would end only this thread.
        os._exit(1)

    threading.Thread(
        target=watch,
        daemon=True,
        name="exit with parent",
    ).start()
