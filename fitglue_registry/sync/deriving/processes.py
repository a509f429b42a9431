"""Gives work to worker processes, with pebble, and says what became of it.

This is the only module that imports pebble. The host imports it when there is work for worker
processes.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing.resource_tracker import ensure_running
from typing import TYPE_CHECKING, Any

from pebble import CONSTS, ProcessExpired, ProcessPool

from fitglue_registry.sync.deriving.spawning import EXIT_CODE_0, WorkerContext
from fitglue_registry.sync.deriving.worker_process import (
    SIGNALS_OF_PARENT,
    import_modules,
    initialize_worker,
    run_limited,
)
from fitglue_registry.sync.worker_limits import NotQuick, WorkerDied, WorkerLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

# pebble asks a process to end, waits, and kills it. Workers ignore that signal
# (``SIGNALS_OF_PARENT``), so the default of three seconds would only delay each time-out and the
# end of each sync.
CONSTS.term_timeout = 0.05
CONSTS.sleep_unit = 0.02

#: What the work of nearly every process needs. It takes 150 ms to import.
_NEEDED = ("fitglue_registry.sync.reading.in_worker",)
_START = WorkerLimits(wall_s=60.0)


def start_workers(
    count: int,
    address_space: int = WorkerLimits.address_space,
) -> PebbleWorkers:
    """Return workers, each of which is started when it is needed.

    Args:
        count: The largest number of processes.
        address_space: Bytes of address space of each process. Enforced on Linux.
    """
    return PebbleWorkers(count, address_space)


class PebbleWorkers:
    """Worker processes, each in a pebble pool of its own; it implements ``sync.context.Workers``.

    A process that dies or exceeds its limits costs only the work that it was doing. pebble starts
    another one in its place. The processes of one pool would share a lock, which a process that is
    killed at the wrong moment keeps forever.
    """

    def __init__(self, count: int, address_space: int) -> None:
        self.count = count
        self._address_space = address_space
        self._processes: list[_Process] = []
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start one process ahead of its first work, unless there is one already.

        It starts and imports its modules while this process does something else.
        """
        with self._lock:
            if not self._processes:
                process = _Process(self._address_space)
                process.start()
                self._processes.append(process)

    def submit(
        self,
        work: Callable[..., Any],
        *arguments: Any,
        limits: WorkerLimits,
    ) -> PebbleWork:
        """Run a function in one of the worker processes, as ``Workers.submit`` describes."""
        with self._lock:
            return self._least_busy().submit(work, arguments, limits)

    def _least_busy(self) -> _Process:
        """Return the process with the least work, a new one if all are busy and it is allowed."""
        self._processes = [process for process in self._processes if process.is_usable]
        chosen = min(self._processes, key=_work_in_progress, default=None)
        is_idle = chosen is not None and chosen.in_progress == 0
        if chosen is None or (not is_idle and len(self._processes) < self.count):
            chosen = _Process(self._address_space)
            self._processes.append(chosen)
        return chosen

    def stop(self) -> None:
        """End the worker processes without waiting for their current work."""
        with self._lock:
            stopped = self._processes
            self._processes = []
        for process in stopped:
            process.stop()
        for process in stopped:
            process.join()


class _Process:
    """One worker process, and the one that pebble starts in its place if it ends."""

    def __init__(self, address_space: int) -> None:
        self.in_progress = 0
        self._context = WorkerContext()
        self._changing = threading.Lock()
        self._pool = ProcessPool(
            max_workers=1,
            initializer=initialize_worker,
            initargs=(os.getpid(), address_space),
            context=self._context,
        )

    @property
    def is_usable(self) -> bool:
        """Whether it accepts work."""
        return bool(self._pool.active)

    def submit(
        self,
        work: Callable[..., Any],
        arguments: tuple[Any, ...],
        limits: WorkerLimits,
    ) -> PebbleWork:
        """Run a function in the process after the work that was submitted before."""
        self._count(1)
        future = self._schedule(work, arguments, limits)
        future.add_done_callback(lambda _: self._count(-1))
        return PebbleWork(future, limits)

    def start(self) -> None:
        """Start the process, and let it import what its work will need.

        That does not count as work in progress. If it fails, so does the work, which reports it.
        """
        self._schedule(import_modules, (_NEEDED,), _START)

    def _schedule(
        self,
        work: Callable[..., Any],
        arguments: tuple[Any, ...],
        limits: WorkerLimits,
    ) -> Future[bytes]:
        # The first call starts the process and pebble's threads, which start new ones later. A
        # signal that arrives before their initializer ignores it would end them with a traceback,
        # so all of them are started with the signals blocked, and inherit that.
        with _signals_blocked():
            future: Future[bytes] = self._pool.schedule(
                run_limited,
                args=(work, arguments, limits),
                timeout=limits.wall_s,
            )
        return future

    def _count(self, change: int) -> None:
        with self._changing:
            self.in_progress += change

    def stop(self) -> None:
        """End the process without waiting for its current work."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        # pebble removes the locks that a process needs to start, and then ends the process. One
        # that is just starting would complain about that on standard error.
        self._context.kill_all()

    def join(self) -> None:
        """Wait until the process and pebble's threads have ended."""
        self._pool.join()


def _work_in_progress(process: _Process) -> int:
    return process.in_progress


class PebbleWork:
    """Work that was submitted to a worker process; it implements ``sync.context.Work``."""

    def __init__(self, future: Future[bytes], limits: WorkerLimits) -> None:
        self._future = future
        self._limits = limits

    def result(self) -> Any:
        """Wait for the result, as ``Work.result`` describes."""
        try:
            packed = self._future.result()
        except TimeoutError as error:
            reason = f"it took more than {self._limits.wall_s:.0f} s"
            raise WorkerDied(reason, is_certain=True) from error
        except ProcessExpired as error:
            raise _expired(error, self._limits) from error
        except (BrokenProcessPool, CancelledError) as error:
            raise WorkerDied("the worker processes were stopped") from error
        return pickle.loads(packed)  # noqa: S301 - packed by ``run_limited``

    def cancel(self) -> None:
        """Stop the work, by killing its process if it has begun."""
        self._future.cancel()

    def when_done(self, call: Callable[[], None]) -> None:
        """Call a function when the work has ended in any way, on another thread."""
        self._future.add_done_callback(lambda _: call())


def _expired(error: ProcessExpired, limits: WorkerLimits) -> WorkerDied:
    """Return the exception for a process that ended while it was working."""
    # A negative exit code is the number of the signal that ended the process.
    if error.exitcode >= 0:
        exit_code = 0 if error.exitcode == EXIT_CODE_0 else error.exitcode
        return WorkerDied(f"it ended the process with exit code {exit_code}")
    number = -error.exitcode
    if number == getattr(signal, "SIGXCPU", None):
        reason = f"it used more than {limits.cpu_s:.0f} s of CPU time"
        return WorkerDied(reason, is_certain=True)
    # The signal of the timer that ``reading.time_shares`` sets.
    if number == getattr(signal, "SIGPROF", None):
        return NotQuick("it was not quick", is_certain=True)
    name = str(number)
    with suppress(ValueError):
        name = signal.Signals(number).name
    return WorkerDied(f"its process was ended by signal {name}")


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
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS_OF_PARENT)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
