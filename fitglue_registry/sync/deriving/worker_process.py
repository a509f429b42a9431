"""Runs inside a worker process: limits it, lets it end with its parent, and does its work.

It imports little, because each worker imports it when it starts.
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
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fitglue_registry.sync.deriving.process_groups import end_own_group, lead_group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fitglue_registry.sync.worker_limits import WorkerLimits

# Windows has no limits of this kind; SECURITY.md says so.
if sys.platform != "win32":
    import resource

_CHECK_EVERY_S = 1.0
#: The parameter of glibc's mallopt(3) for the number of arenas, from malloc.h.
_M_ARENA_MAX = -8
#: The parameter for the size from which a piece of memory is mapped on its own, from malloc.h.
_M_MMAP_THRESHOLD = -3
#: The samples of a recording of one day have less.
_MAPPED_BYTES = 1 << 20
#: A terminal (Ctrl-C) and a service manager send these signals to every process of a group. Workers
#: ignore them: the parent handles the signal and then ends its workers.
SIGNALS_OF_PARENT = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


def initialize_worker(parent: int, address_space: int) -> None:
    """Limit the memory of a new worker, and make it ignore the parent's signals and end with it."""
    lead_group()
    for number in SIGNALS_OF_PARENT:
        signal.signal(number, signal.SIG_IGN)
    # A process inherits which signals are ignored.
    if hasattr(signal, "SIGPROF"):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
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
    _exit_with_parent(parent)


def _limit_unused_memory() -> None:
    """Let glibc keep less memory that this process does not use.

    glibc reserves 64 MiB of address space for each of a process's first threads, up to eight per
    core. A few plugins with threads would use up the limit, so all threads allocate from one arena.
    glibc also raises the size from which memory is returned as soon as it is freed, up to 32 MiB.
    The samples of a large file would leave gaps that nothing fits in.
    """
    libc = ctypes.CDLL(None)
    # musl has no arenas, and no mallopt.
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_ARENA_MAX, 1)
        libc.mallopt(_M_MMAP_THRESHOLD, _MAPPED_BYTES)


def run_limited(
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


def import_modules(names: Iterable[str]) -> None:
    """Import modules that the work to come needs."""
    for name in names:
        import_module(name)


def _exit_with_parent(parent: int) -> None:
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
