"""Derives records with heavy parts in worker processes while a sync goes on.

A FIT file takes a second or more of pure Python, which a thread could not run beside the others.
The lanes that fetch submit records, and the thread that stores waits for the results in the order
of the answers, so order, transactions and resuming are the same as without processes. The number
and the size of the records in progress are limited.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fitglue_registry.plugin_api import Body
from fitglue_registry.sync.deriving.deriver import Derived, Deriver
from fitglue_registry.sync.deriving.workers import (
    processes_for,
    redacted,
    submit_batch,
    worker_died,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from fitglue_registry.plugin_api import Record
    from fitglue_registry.registry import EntryPart
    from fitglue_registry.sync.context import Processes, SyncContext, Workers

log = logging.getLogger(__name__)

#: How many jobs per core may be in progress: one is being derived, the others keep the core busy.
_JOBS_PER_CORE = 3
#: How many bytes of raw parts the jobs in progress may have together. Results that are done are
#: limited by the queue of the lanes' answers.
_MAX_BYTES = 64_000_000
#: How often workers are started in one sync. If they die again and again, for example because the
#: machine has too little memory for them, the remaining records are derived in this process.
_MAX_STARTS = 3


@contextmanager
def pool_for(
    context: SyncContext,
    part: EntryPart,
    total: int,
) -> Iterator[Pool | None]:
    """Open a pool for deriving records, and end its processes after the ``with`` block.

    Args:
        context: The connection.
        part: The part that is being fetched.
        total: How many records want it.

    Yields:
        The pool, or ``None`` if records are derived on the lane that fetches them.
    """
    processes = processes_for(context, total, heavy=True) if part.heavy else None
    if processes is None:
        yield None
        return
    pool = Pool(context, processes)
    try:
        yield pool
    finally:
        pool.close()


class Pool:
    """The worker processes of one sync, which are started by the first submitted record.

    Several lanes call ``derive``, and the thread that stores takes the results, so the counters are
    protected by a condition.
    """

    def __init__(self, context: SyncContext, processes: Processes) -> None:
        self._context = context
        self._processes = processes
        self._cores = processes.count_cores()
        self._workers = processes.start_workers(self._cores)
        self._lost_workers: list[Workers] = []
        self._changed = threading.Condition()
        self._jobs = 0
        self._bytes = 0
        self._starts = 1
        self._closed = False

    def derive(self, record: Record, received_at: str | None) -> Derived | Pending:
        """Submit a record to a worker, after waiting until the limits allow it.

        Args:
            record: The record with all its parts.
            received_at: When the part arrived that causes the record to be derived.

        Returns:
            The promise of the result, or the result itself if the pool no longer has workers and
            the record was derived on the calling thread.
        """
        bare = _without_decoded(record)
        weight = sum(len(body.content) for body in bare.parts.values())
        while True:
            workers = self._reserve(weight)
            if workers is None:
                break
            # A process that dies makes its executor refuse all further work, also from other lanes.
            # The record was not at fault then, so it is submitted to the new workers.
            try:
                future = submit_batch(workers, self._context, [bare])
            except BrokenExecutor:
                self._release(weight)
                self.replace_workers(workers)
            else:
                future.add_done_callback(lambda _: self._release(weight))
                return Pending(self, workers, bare, received_at, future)
        deriver = Deriver(self._context.plugins, self._context.entry)
        return replace(deriver.derive(record, here=True), received_at=received_at)

    def _reserve(self, weight: int) -> Workers | None:
        """Wait until a job of ``weight`` bytes is allowed, and return the workers for it.

        ``None`` is returned if the pool no longer has workers.
        """
        with self._changed:
            while not (self._has_ended() or self._is_allowed(weight)):
                self._changed.wait()
            if self._has_ended():
                return None
            self._jobs += 1
            self._bytes += weight
            return self._workers

    def _has_ended(self) -> bool:
        return self._closed or self._starts > _MAX_STARTS

    def _is_allowed(self, weight: int) -> bool:
        # A single job may have any size; otherwise a record above the limit would wait forever.
        if self._jobs == 0:
            return True
        if self._jobs >= self._cores * _JOBS_PER_CORE:
            return False
        return self._bytes + weight <= _MAX_BYTES

    def _release(self, weight: int) -> None:
        with self._changed:
            self._jobs -= 1
            self._bytes -= weight
            self._changed.notify_all()

    def replace_workers(self, workers: Workers) -> None:
        """Start new workers in place of these, one of which died, unless that happened too often.

        Every thread that meets the broken executor calls this; only the first call has an effect.
        """
        with self._changed:
            if workers is not self._workers or self._has_ended():
                return
            self._starts += 1
            self._lost_workers.append(workers)
            if not self._has_ended():
                self._workers = self._processes.start_workers(self._cores)
            self._changed.notify_all()
        log.warning(
            "a worker process for %s ended unexpectedly; its records are derived again%s",
            self._context.name,
            ", and all others in this process" if self._has_ended() else "",
        )

    def derive_in_own_process(self, record: Record) -> Derived:
        """Derive a record that was in progress when a worker died, in a separate process.

        Any of the records in progress may have killed the worker. If this process dies too, it was
        this record, and it goes to quarantine. Deriving it in the process that syncs would end the
        sync, and every later one.
        """
        workers = self._processes.start_workers(1)
        try:
            return self.redacted(submit_batch(workers, self._context, [record]).result())
        except BrokenExecutor:
            return Derived([], worker_died(self._context.entry))
        finally:
            workers.stop(kill=True)

    def redacted(self, results: Sequence[Derived]) -> Derived:
        """Return the only result of a worker, without secrets."""
        [derived] = redacted(results, self._context.plugins.redact)
        return derived

    def close(self) -> None:
        """End all worker processes, without waiting for their current work."""
        with self._changed:
            self._closed = True
            # Lanes that wait in ``_reserve`` continue without workers.
            self._changed.notify_all()
        # loky ends the other processes of a broken executor on its own thread. Without waiting
        # for that too, some of them could outlive the sync.
        for workers in (*self._lost_workers, self._workers):
            workers.stop(kill=True)


def _without_decoded(record: Record) -> Record:
    """Return the record without decoded bodies, which would only make it slower to pickle."""
    parts = {}
    for name, body in record.parts.items():
        parts[name] = Body(body.content, body.encoding)
    return replace(record, parts=parts)


@dataclass(frozen=True, slots=True, eq=False)
class Pending:
    """The promise of a result from a worker; the thread that stores takes it, once."""

    pool: Pool
    workers: Workers
    record: Record
    received_at: str | None
    future: Future[list[Derived]]

    def result(self) -> Derived:
        """Wait for the result and return it; an error becomes its ``failure``."""
        try:
            derived = self._derived()
        # Raised when it is the turn of this answer, so that the answers before it are stored first.
        except Exception as failure:  # noqa: BLE001
            return Derived([], failure=failure)
        return replace(derived, received_at=self.received_at)

    def _derived(self) -> Derived:
        try:
            return self.pool.redacted(self.future.result())
        except BrokenExecutor:
            self.pool.replace_workers(self.workers)
            return self.pool.derive_in_own_process(self.record)
