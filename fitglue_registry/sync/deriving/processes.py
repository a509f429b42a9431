"""Starts worker processes with pebble, limits them, and makes sure that they end with their parent.

This is the only module that imports pebble. The host imports it when there is work for worker
processes.
"""

from __future__ import annotations

import ctypes
import math
import os
import pickle
import signal
import sys
import threading
import time
import weakref
from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import spawn
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.resource_tracker import ensure_running
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pebble import CONSTS, ProcessExpired, ProcessPool

from fitglue_registry.sync.deriving.process_groups import end_own_group, lead_group
from fitglue_registry.sync.worker_limits import WorkerDied, WorkerLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

# Windows has no limits of this kind; SECURITY.md says so.
if sys.platform != "win32":
    import resource

    from fitglue_registry.sync.deriving.process_groups import GroupPopen

_CHECK_EVERY_S = 1.0
#: What pebble is told instead of exit code 0; no process can end with it.
_EXIT_CODE_0 = 1 << 40
#: The parameter of glibc's mallopt(3) for the number of arenas, from malloc.h.
_M_ARENA_MAX = -8
#: The parameter for the size from which a piece of memory is mapped on its own, from malloc.h.
_M_MMAP_THRESHOLD = -3
#: The samples of a recording of one day have less.
_MAPPED_BYTES = 1 << 20
#: More processes than this do not make an import faster, because one process stores.
_MOST_WORKERS = 16
#: Where Linux states the share of CPU time that a container may use: quota and period.
_CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")
#: A terminal (Ctrl-C) and a service manager send these signals to every process of a group. Workers
#: ignore them: the parent handles the signal and then ends its workers.
_SIGNALS_OF_PARENT = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
# pebble asks a process to end, waits, and kills it. Workers ignore the question, see above, so the
# default of three seconds would only delay each time-out and the end of each sync.
CONSTS.term_timeout = 0.05
CONSTS.sleep_unit = 0.02


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
        self._context = _WorkerContext()
        self._changing = threading.Lock()
        self._pool = ProcessPool(
            max_workers=1,
            initializer=_initialize_worker,
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
        # The first call starts the process and pebble's threads, which start new ones later. A
        # signal that arrives before their initializer ignores it would end them with a traceback,
        # so all of them are started with the signals blocked, and inherit that.
        with _signals_blocked():
            future = self._pool.schedule(
                _run_limited,
                args=(work, arguments, limits),
                timeout=limits.wall_s,
            )
        future.add_done_callback(lambda _: self._count(-1))
        return PebbleWork(future, limits)

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
        return pickle.loads(packed)  # noqa: S301 - packed by ``_run_limited``

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
        exit_code = 0 if error.exitcode == _EXIT_CODE_0 else error.exitcode
        return WorkerDied(f"it ended the process with exit code {exit_code}")
    number = -error.exitcode
    if number == getattr(signal, "SIGXCPU", None):
        reason = f"it used more than {limits.cpu_s:.0f} s of CPU time"
        return WorkerDied(reason, is_certain=True)
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
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS_OF_PARENT)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# -- starting a process without the application's main module --------------------------------------


_starting = threading.local()
_preparation_data_of_python = spawn.get_preparation_data


def _preparation_data(name: str) -> dict[str, Any]:
    """Return what a new process needs to know; for a worker of ours, without the main module.

    multiprocessing imports the main module of the parent into each process that it starts. A worker
    needs nothing from it, and the script of an embedding application would run a second time if it
    has no ``if __name__ == "__main__"``.
    """
    data = _preparation_data_of_python(name)
    if getattr(_starting, "is_ours", False):
        data.pop("init_main_from_name", None)
        data.pop("init_main_from_path", None)
    return data


# There is no parameter for it. Only processes that ``_WorkerProcess`` starts are affected.
spawn.get_preparation_data = _preparation_data


class _WorkerProcess(SpawnProcess):
    """A process that is started without the main module of its parent."""

    if sys.platform != "win32":
        # multiprocessing calls it with the process.
        _Popen = GroupPopen

    #: The context that the process belongs to; ``None`` in the process itself.
    context: _WorkerContext | None = None

    def start(self) -> None:
        assert self.context is not None
        with self.context.starting:
            # pebble starts another process in place of one that ended, also while it is stopped.
            if self.context.is_closed:
                raise OSError("the worker processes are being stopped")
            _starting.is_ours = True
            try:
                super().start()
            finally:
                _starting.is_ours = False

    @property
    def exitcode(self) -> int | None:
        """The exit code, which is never 0: ``None`` while the process runs.

        A worker never ends on its own. pebble takes exit code 0 for an orderly end, and would wait
        for the result of a file or a plugin that ended the process with it until the time limit.
        """
        code = super().exitcode
        return _EXIT_CODE_0 if code == 0 else code

    def __getstate__(self) -> dict[str, Any]:
        # What the new process gets; a lock cannot be pickled.
        return {name: value for name, value in self.__dict__.items() if name != "context"}


class _WorkerContext(SpawnContext):
    """The context in which pebble starts the processes of one pool.

    Attributes:
        starting: Held while a process is started.
        is_closed: Whether no process may be started any more.
    """

    def __init__(self) -> None:
        super().__init__()
        self.starting = threading.Lock()
        self.is_closed = False
        # Weak, because pebble starts another process for each one that it kills, and a process that
        # is kept keeps its pipes open.
        self._processes: weakref.WeakSet[_WorkerProcess] = weakref.WeakSet()

    # pebble calls it like the class that it replaces.
    def Process(self, *arguments: Any, **named: Any) -> _WorkerProcess:  # type: ignore[override]  # noqa: N802
        """Return a new process, and remember it."""
        process = _WorkerProcess(*arguments, **named)
        process.context = self
        self._processes.add(process)
        return process

    def kill_all(self) -> None:
        """Kill every process that is running, and let no other start."""
        with self.starting:
            self.is_closed = True
            for process in list(self._processes):
                with suppress(ValueError, AttributeError):  # it was not started, or is closed
                    process.kill()


# -- in a worker process ---------------------------------------------------------------------------


def _initialize_worker(parent: int, address_space: int) -> None:
    """Limit the memory of a new worker, and make it ignore the parent's signals and end with it."""
    lead_group()
    for number in _SIGNALS_OF_PARENT:
        signal.signal(number, signal.SIG_IGN)
    # numpy's library reserves address space for a thread per core, which counts as memory below.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if sys.platform == "linux":
        _limit_unused_memory()
        # A process that is ended by its limits would otherwise leave a file with its memory.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # The hard limit too, because what a worker runs could raise a soft one.
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        if hard != resource.RLIM_INFINITY:
            address_space = min(address_space, hard)
        resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    exit_with_parent(parent)


def _limit_unused_memory() -> None:
    """Let glibc keep less memory that this process does not use.

    glibc reserves 64 MiB of address space for each of a process's first threads, up to eight per
    core. Plugins have threads of their own, so a few plugins would use up the limit; so all threads
    allocate from one arena. glibc also raises the size from which memory is returned as soon as it
    is freed, up to 32 MiB. The samples of a large file would leave gaps that nothing fits in.
    """
    libc = ctypes.CDLL(None)
    # musl has no arenas, and no mallopt.
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_ARENA_MAX, 1)
        libc.mallopt(_M_MMAP_THRESHOLD, _MAPPED_BYTES)


def _run_limited(
    work: Callable[..., Any],
    arguments: tuple[Any, ...],
    limits: WorkerLimits,
) -> bytes:
    """Run a function within the limit of CPU time, and return its result as a pickle.

    pebble pickles results while it holds a lock that all workers share. What is pickled before can
    run out of memory or time without harm to the others.
    """
    if sys.platform == "linux":
        # The limit counts from the start of the process, so it is raised for each piece of work.
        used_s = time.process_time()
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        soft = math.ceil(used_s + limits.cpu_s)
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
    return pickle.dumps(work(*arguments), protocol=pickle.HIGHEST_PROTOCOL)


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
        end_own_group()

    threading.Thread(
        target=watch,
        daemon=True,
        name="exit with parent",
    ).start()
