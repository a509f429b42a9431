"""Derives records with foreign files in worker processes while a sync goes on.

The lanes that fetch submit records, and the thread that stores waits for the results in the order
of the answers, so order, transactions and resuming are the same as without processes. The number
and the size of the records in progress are limited.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fitglue_registry.errors import ConnectionStopped
from fitglue_registry.plugin_api import Body
from fitglue_registry.sync.deriving.deriver import Derived
from fitglue_registry.sync.deriving.workers import results_of, submit_records, weight_of
from fitglue_registry.sync.worker_limits import JOBS_PER_CORE, MOST_BYTES_IN_PROGRESS

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Record
    from fitglue_registry.sync.context import SyncContext, Work


class Pool:
    """The records of one sync that are being derived by worker processes.

    Several lanes call ``derive``, and the thread that stores takes the results, so the counters are
    protected by a condition. It must be closed, which stops the work that nobody waits for.
    """

    def __init__(self, context: SyncContext) -> None:
        self.context = context
        self._changed = threading.Condition()
        self._jobs: set[Work] = set()
        self._bytes = 0
        self._closed = False

    def derive(self, record: Record, received_at: str | None) -> Pending:
        """Submit a record to a worker, after waiting until the limits allow it.

        Args:
            record: The record with all its parts.
            received_at: When the part arrived that causes the record to be derived.

        Returns:
            The promise of the result.

        Raises:
            ConnectionStopped: The sync is being stopped.
        """
        bare = _without_decoded(record)
        weight = weight_of(bare)
        with self._changed:
            while not self._closed and not self._is_allowed(weight):
                self._changed.wait()
            if self._closed:
                raise ConnectionStopped("FG-session-closed", "the sync is being stopped")
            work = submit_records(self.context.open_workers(), self.context, [bare])
            self._jobs.add(work)
            self._bytes += weight
        work.when_done(lambda: self._release(work, weight))
        return Pending(self, work, bare, received_at)

    def _is_allowed(self, weight: int) -> bool:
        # A single job may have any size; otherwise a record above the limit would wait forever.
        if not self._jobs:
            return True
        if len(self._jobs) >= self.context.open_workers().count * JOBS_PER_CORE:
            return False
        return self._bytes + weight <= MOST_BYTES_IN_PROGRESS

    def _release(self, work: Work, weight: int) -> None:
        with self._changed:
            self._jobs.discard(work)
            self._bytes -= weight
            self._changed.notify_all()

    def close(self) -> None:
        """Stop all work that nobody waits for any more."""
        with self._changed:
            self._closed = True
            unfinished = list(self._jobs)
            # Lanes that wait in ``derive`` give up.
            self._changed.notify_all()
        # Without the lock, which ``_release`` takes when a work is cancelled.
        for work in unfinished:
            work.cancel()


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
    work: Work
    record: Record
    received_at: str | None

    def result(self) -> Derived:
        """Wait for the result and return it; an error becomes its ``failure``."""
        try:
            [derived] = results_of(self.pool.context, [self.record], self.work)
        # Raised when it is the turn of this answer, so that the answers before it are stored first.
        except Exception as failure:  # noqa: BLE001
            return Derived([], failure=failure)
        return replace(derived, received_at=self.received_at)
