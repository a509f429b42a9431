"""Derives many records in worker processes on every core, and a few of them in this process.

A worker shares nothing with this process. It gets the entry and the records, loads the plugins
itself, and returns values. It is given neither the database nor a connection nor a secret, so a
plugin that crashes there can harm nothing except the records that it was given.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import BrokenExecutor
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from fitglue_registry.errors import FitglueError, Place, PluginFailed
from fitglue_registry.plugins import Plugins
from fitglue_registry.redaction.exceptions import redact_exception
from fitglue_registry.sync.deriving.deriver import Derived, Deriver

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Future

    from fitglue_registry.plugin_api import Record
    from fitglue_registry.redaction.exceptions import Redact
    from fitglue_registry.registry import Entry
    from fitglue_registry.sync.context import Processes, SyncContext, Workers

Label = TypeVar("Label")
Item = TypeVar("Item")
#: The smallest number of records for which worker processes are used. Fewer are derived sooner
#: in this process than a worker has imported its modules. Heavy records take longer, so the
#: number is smaller.
_MIN_RECORDS, _MIN_HEAVY_RECORDS = 200, 16
#: How many records are loaded and submitted at once. Several batches are in memory at the same
#: time, so those of heavy records are small.
_BATCH, _HEAVY_BATCH = 25, 2


def derive_batches(
    context: SyncContext,
    batches: Iterable[tuple[Label, Sequence[Record]]],
    total: int,
) -> Iterator[tuple[Label, list[Derived]]]:
    """Derive batches of records, in worker processes if there are enough of them.

    Args:
        context: The connection.
        batches: Pairs of a label, which can be any value, and a batch of records.
        total: How many records all batches have together.

    Yields:
        The label of each batch with the results of its records, in the order of ``batches``.

    Raises:
        PluginFailed: FG-plugin-died if a worker process ended unexpectedly.
        FitglueError: Another failure that concerns the whole connection.
    """
    processes = processes_for(context, total, heavy=_is_heavy(context.entry))
    if processes is not None:
        yield from _on_every_core(context, batches, processes)
        return
    deriver = Deriver(context.plugins, context.entry)
    for label, records in batches:
        yield label, list(deriver.derive_all(records))


def batches_of(entry: Entry, records: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Yield records, or values for them, in batches of a size that suits the entry."""
    size = _HEAVY_BATCH if _is_heavy(entry) else _BATCH
    for start in range(0, len(records), size):
        yield records[start : start + size]


def _is_heavy(entry: Entry) -> bool:
    return any(part.heavy for part in entry.parts)


def processes_for(
    context: SyncContext,
    total: int,
    *,
    heavy: bool,
) -> Processes | None:
    """Return the module that starts processes, or ``None`` to derive in this process.

    Args:
        context: The connection.
        total: The number of records to derive.
        heavy: Whether the records have a heavy part.
    """
    # A worker finds plugins through entry points. It cannot find those that an application passed
    # to the host as objects.
    min_records = _MIN_HEAVY_RECORDS if heavy else _MIN_RECORDS
    if total < min_records or not context.plugins.from_environment:
        return None
    if context.import_processes is None:
        return None
    processes = context.import_processes()
    if processes.count_cores() < 2:
        return None
    return processes


def submit_batch(
    workers: Workers,
    context: SyncContext,
    records: Sequence[Record],
) -> Future[list[Derived]]:
    """Submit records to a worker, and return the future of their results.

    Raises:
        BrokenExecutor: A worker process ended unexpectedly before this call.
    """
    return workers.submit(derive_in_worker, context.entry, records, context.plugins.time_limit_s)


def _on_every_core(
    context: SyncContext,
    batches: Iterable[tuple[Label, Sequence[Record]]],
    processes: Processes,
) -> Iterator[tuple[Label, list[Derived]]]:
    cores = processes.count_cores()
    workers = processes.start_workers(cores)
    waiting: deque[tuple[Label, Future[list[Derived]]]] = deque()
    try:
        for label, records in batches:
            waiting.append((label, submit_batch(workers, context, records)))
            # Two batches per core are in progress: enough to keep every core busy while this
            # process stores a result, and not so many that they fill the memory.
            if len(waiting) > 2 * cores:
                yield _next_result(waiting, context.plugins.redact)
        while waiting:
            yield _next_result(waiting, context.plugins.redact)
    except BrokenExecutor as error:
        raise worker_died(context.entry) from error
    finally:
        # After an error, or if the caller closes this generator, nobody wants the other results.
        workers.stop(kill=bool(waiting))


def worker_died(entry: Entry) -> PluginFailed:
    """Return the error for a worker process that ended unexpectedly."""
    return PluginFailed(
        "FG-plugin-died",
        f"a process that ran plugin {entry.plugin.name} ended unexpectedly",
        at=Place(field=f"{entry.plugin.name}: fitglue_normalize"),
        why="the plugin ended it, crashed it, or used more memory than is available",
        fix="report it to the plugin's author",
    )


def _next_result(
    waiting: deque[tuple[Label, Future[list[Derived]]]], redact: Redact
) -> tuple[Label, list[Derived]]:
    """Wait for the oldest batch, and return its label and its results without secrets."""
    # Removed only when it is done, so that the ``finally`` of the caller sees unfinished work.
    label, future = waiting[0]
    try:
        derived = future.result()
    except FitglueError as error:
        redact_exception(error, redact)
        raise
    waiting.popleft()
    return label, redacted(derived, redact)


def redacted(derived: Sequence[Derived], redact: Redact) -> list[Derived]:
    """Remove secrets from the errors of results, and return the results.

    A worker cannot do that, because it does not know the secrets. A plugin may nevertheless quote
    one there, for example from a response that repeats the key.
    """
    for result in derived:
        if result.refused is not None:
            redact_exception(result.refused, redact)
    return list(derived)


# -- in a worker process ---------------------------------------------------------------------------


@cache
def _plugins(time_limit_s: float) -> Plugins:
    # Cached, so that a worker loads the plugins once and not for each batch.
    return Plugins(time_limit_s=time_limit_s)


def derive_in_worker(
    entry: Entry,
    records: Sequence[Record],
    time_limit_s: float,
) -> list[Derived]:
    """Derive a batch of records in a worker process, and return results that can be pickled."""
    deriver = Deriver(_plugins(time_limit_s), entry)
    try:
        return [_bare_result(derived) for derived in deriver.derive_all(records)]
    except FitglueError as error:
        raise _bare(error) from None


def _bare_result(derived: Derived) -> Derived:
    if derived.refused is None:
        return derived
    return replace(derived, refused=_bare(derived.refused))


def _bare(error: FitglueError) -> FitglueError:
    """Return a copy of an error with only its parts.

    A plugin can attach any object to an exception, also through its cause or traceback. Such an
    object may be impossible to pickle, and unpickling it would run code in the process of the host.
    """
    return type(error)(
        error.code,
        error.what,
        at=error.at,
        why=error.why,
        fix=error.fix,
    )
