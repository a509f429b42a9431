"""Derives many records on every core, in processes of their own; a few are derived here, since a
process takes time to start.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from fitglue_registry.errors import FitglueError, Place, PluginFailed
from fitglue_registry.plugins import Plugins
from fitglue_registry.redaction.exceptions import clean_exception
from fitglue_registry.sync.deriving.deriver import Derived, Deriver

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Future

    from loky import ProcessPoolExecutor

    from fitglue_registry.plugin_api import Record
    from fitglue_registry.redaction.exceptions import Redact
    from fitglue_registry.registry import Entry
    from fitglue_registry.sync.context import Context

Label = TypeVar("Label")
Item = TypeVar("Item")
#: Fewer records are sooner derived than a process has imported what it needs; of those that take
#: long, fewer.
_WORTH_A_PROCESS, _HEAVY_WORTH_A_PROCESS = 200, 16
#: So many records are read and handed out at a time; of those that are heavy, fewer: some batches
#: are in memory at once.
_BATCH, _HEAVY_BATCH = 25, 2
_LOOK_EVERY_S = 1.0
#: A terminal and a service manager tell every process of a group; what that means for workers is
#: for their parent to say.
_FOR_THE_PARENT = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


def derive_batches(
    context: Context, batches: Iterable[tuple[Label, Sequence[Record]]], total: int
) -> Iterator[tuple[Label, list[Derived]]]:
    """What each batch of records says, in their order, with the label that it came with; ``total``
    is how many records there are.
    """
    cores = cores_for(context, total, heavy=_is_heavy(context.entry))
    if cores < 2:
        for label, records in batches:
            yield label, list(context.deriver.derive_all(context.entry, records))
    else:
        yield from _on_every_core(context.entry, batches, cores, context.plugins)


def batches_of(entry: Entry, records: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """What stands for records, in batches of a size that suits what is derived from them."""
    size = _HEAVY_BATCH if _is_heavy(entry) else _BATCH
    return (records[start : start + size] for start in range(0, len(records), size))


def _is_heavy(entry: Entry) -> bool:
    return any(part.heavy for part in entry.parts)


def cores_for(context: Context, total: int, *, heavy: bool) -> int:
    """How many processes so many records are worth: one is this one.

    Plugins that an application handed over as objects are not known to another process, and work
    here.
    """
    if (
        total < (_HEAVY_WORTH_A_PROCESS if heavy else _WORTH_A_PROCESS)
        or not context.plugins.from_environment
    ):
        return 1
    from loky import cpu_count

    return int(cpu_count())


def executor_of(cores: int) -> ProcessPoolExecutor:
    """So many workers, which are started when the first job comes, and end with this process."""
    from loky import ProcessPoolExecutor

    return ProcessPoolExecutor(max_workers=cores, initializer=_begin, initargs=(os.getpid(),))


def hand_out(
    executor: ProcessPoolExecutor, entry: Entry, records: Sequence[Record], plugins: Plugins
) -> Future[list[Derived]]:
    """Let a worker derive these; one that is started for it hears no signal from its first
    instruction on.
    """
    with _no_signals():
        future: Future[list[Derived]] = executor.submit(
            derive_there, entry, records, plugins.time_limit_s
        )
    return future


@contextmanager
def _no_signals() -> Iterator[None]:
    """A process that is started meanwhile has these signals blocked, as this thread has; what comes
    for us comes afterwards.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing.resource_tracker import ensure_running

    ensure_running()  # which the first worker would start, and which unblocks them all again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _FOR_THE_PARENT)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _on_every_core(
    entry: Entry, batches: Iterable[tuple[Label, Sequence[Record]]], cores: int, plugins: Plugins
) -> Iterator[tuple[Label, list[Derived]]]:
    from loky.process_executor import BrokenProcessPool

    executor = executor_of(cores)
    waiting: deque[tuple[Label, Future[list[Derived]]]] = deque()
    try:
        for label, records in batches:
            waiting.append((label, hand_out(executor, entry, records, plugins)))
            if len(waiting) > 2 * cores:
                yield _next(waiting, plugins.redact)
        while waiting:
            yield _next(waiting, plugins.redact)
    except BrokenProcessPool as error:
        raise died(entry) from error
    finally:
        executor.shutdown(kill_workers=bool(waiting))


def died(entry: Entry) -> PluginFailed:
    """The error where a worker ended by itself, and nobody else is to blame."""
    return PluginFailed(
        "FG-plugin-died",
        f"a process that ran plugin {entry.plugin.name} ended by itself",
        at=Place(field=f"{entry.plugin.name}: fitglue_normalize"),
        why="the plugin ended it, crashed it, or used more memory than there is",
        fix="report it to the plugin's author",
    )


def _next(
    waiting: deque[tuple[Label, Future[list[Derived]]]], redact: Redact
) -> tuple[Label, list[Derived]]:
    """The next result; a worker knows no secret, so what plugins said there is cleared of them
    here.
    """
    label, future = waiting[0]
    try:
        derived = future.result()
    except FitglueError as error:
        clean_exception(error, redact)
        raise
    waiting.popleft()
    return label, cleared(derived, redact)


def cleared(derived: Sequence[Derived], redact: Redact) -> list[Derived]:
    """The same; no secret stands in what a plugin said in a worker."""
    for one in derived:
        if one.refused is not None:
            clean_exception(one.refused, redact)
    return list(derived)


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

    threading.Thread(target=watch, daemon=True, name="end with the parent").start()


@cache
def _deriver(time_limit_s: float) -> Deriver:
    return Deriver(Plugins(time_limit_s=time_limit_s))


def derive_there(entry: Entry, records: Sequence[Record], time_limit_s: float) -> list[Derived]:
    """Derive a batch in a worker, which finds its plugins by itself; errors travel without what a
    plugin may have hung on them.
    """
    try:
        derived = list(_deriver(time_limit_s).derive_all(entry, records))
    except FitglueError as error:
        raise _bare(error) from None
    return [replace(one, refused=_bare(one.refused)) if one.refused else one for one in derived]


def _bare(error: FitglueError) -> FitglueError:
    return type(error)(error.code, error.what, at=error.at, why=error.why, fix=error.fix)
