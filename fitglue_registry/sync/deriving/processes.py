"""Starts processes that work beside this one, and end with it (loky)."""

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
_LOOK_EVERY_S = 1.0
#: A terminal and a service manager tell every process of a group; what that means for workers is
#: for their parent to say.
_FOR_THE_PARENT = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


def count_cores() -> int:
    """How many processes can work at a time."""
    return int(loky.cpu_count())


def start_workers(count: int) -> LokyWorkers:
    """So many workers, which are started when the first work comes."""
    return LokyWorkers(count)


class LokyWorkers:
    """Processes that work beside this one, and end with it (``sync.context.Workers``)."""

    def __init__(self, count: int) -> None:
        self._executor = loky.ProcessPoolExecutor(
            max_workers=count, initializer=_begin, initargs=(os.getpid(),)
        )

    def submit(self, work: Callable[..., Result], *arguments: Any) -> Future[Result]:
        """Let a worker do this; one that is started for it hears no signal from its first
        instruction on.

        Raises ``BrokenExecutor`` where one ended by itself.
        """
        with _no_signals():
            future: Future[Result] = self._executor.submit(work, *arguments)
        return future

    def stop(self, *, kill: bool) -> None:
        """End them; ``kill`` whatever they are at."""
        self._executor.shutdown(kill_workers=kill)


@contextmanager
def _no_signals() -> Iterator[None]:
    """A process that is started meanwhile has these signals blocked, as this thread has; what comes
    for us comes afterwards.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    ensure_running()  # which the first worker would start, and which unblocks them all again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _FOR_THE_PARENT)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# -- what a worker does ----------------------------------------------------------------------------


def _begin(parent: int) -> None:
    """What a worker does first: see to it that it ends when its work does, and never before."""
    for number in _FOR_THE_PARENT:
        signal.signal(number, signal.SIG_IGN)
    end_with(parent)


def end_with(parent: int) -> None:
    """Let this worker end soon after the process that it works for, which may be killed without a
    chance to say so.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_EVERY_S)  # nothing tells a process that its parent is gone
        os._exit(1)

    threading.Thread(
        target=watch,
        daemon=True,
        name="end with the parent",
    ).start()
