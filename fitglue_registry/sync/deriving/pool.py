"""Derives what takes long in processes of their own while a sync goes on; what waits for them is
bounded in number and in bytes.
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
from fitglue_registry.sync.deriving.workers import cleared, died, hand_out, processes_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from fitglue_registry.plugin_api import Record
    from fitglue_registry.registry import EntryPart
    from fitglue_registry.sync.context import Processes, SyncContext, Workers

log = logging.getLogger(__name__)

#: So many jobs a core may be under way, of so many bytes together. What is done waits where every
#: answer of a lane waits, in its bounds.
_JOBS_A_CORE, _MOST_BYTES = 3, 64_000_000
#: So often are workers started in one sync; where they die again and again, it is done without.
_MOST_STARTS = 3


@contextmanager
def pool_for(
    context: SyncContext,
    part: EntryPart,
    total: int,
) -> Iterator[Pool | None]:
    """A pool for ``total`` records whose ``part`` is taken, or ``None`` where they are derived on
    the lane that they come on.
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
    """Worker processes of one sync; started by the first record that comes.

    Lanes hand records in, the thread that stores takes out.
    """

    def __init__(self, context: SyncContext, processes: Processes) -> None:
        self._context = context
        self._processes = processes
        self._cores = processes.count_cores()
        self._workers = processes.start_workers(self._cores)
        self._lost: list[Workers] = []
        self._changed = threading.Condition()
        self._jobs = 0
        self._bytes = 0
        self._starts = 1
        self._closed = False

    def derive(self, record: Record, received_at: str | None) -> Derived | Pending:
        """What the record says, or the promise of it; waits for room.

        Once there are no workers it is derived here, on this lane.
        """
        bare = _without_decoded(record)
        weight = sum(len(body.content) for body in bare.parts.values())
        while True:
            workers = self._take_room(weight)
            if workers is None:
                break
            try:
                future = hand_out(workers, self._context, [bare])
            except BrokenExecutor:
                self._give_room(weight)
                self.lost(workers)
            else:
                future.add_done_callback(lambda _: self._give_room(weight))
                return Pending(self, workers, bare, received_at, future)
        deriver = Deriver(self._context.plugins, self._context.entry)
        return replace(deriver.derive(record, here=True), received_at=received_at)

    def _take_room(self, weight: int) -> Workers | None:
        """Who takes a job of so many bytes, once there is room for it; one alone may be of any
        size.

        ``None``: nobody any more.
        """
        with self._changed:
            while not (self._ended() or self._has_room(weight)):
                self._changed.wait()
            if self._ended():
                return None
            self._jobs += 1
            self._bytes += weight
            return self._workers

    def _ended(self) -> bool:
        return self._closed or self._starts > _MOST_STARTS

    def _has_room(self, weight: int) -> bool:
        if self._jobs == 0:
            return True
        if self._jobs >= self._cores * _JOBS_A_CORE:
            return False
        return self._bytes + weight <= _MOST_BYTES

    def _give_room(self, weight: int) -> None:
        with self._changed:
            self._jobs -= 1
            self._bytes -= weight
            self._changed.notify_all()

    def lost(self, workers: Workers) -> None:
        """These workers are gone: start others, unless it happened too often."""
        with self._changed:
            if workers is not self._workers or self._ended():
                return  # it was said before
            self._starts += 1
            self._lost.append(workers)
            if not self._ended():
                self._workers = self._processes.start_workers(self._cores)
            self._changed.notify_all()
        log.warning(
            "a process that read for %s ended by itself; what it was at is read again%s",
            self._context.name,
            ", and the rest in this process" if self._ended() else "",
        )

    def derive_alone(self, record: Record) -> Derived:
        """Derive what may have cost others their worker in one of its own; if that dies, too, the
        record is to blame.
        """
        workers = self._processes.start_workers(1)
        try:
            return self.cleared(hand_out(workers, self._context, [record]).result())
        except BrokenExecutor:
            return Derived([], died(self._context.entry))
        finally:
            workers.stop(kill=True)

    def cleared(self, results: Sequence[Derived]) -> Derived:
        """The one result of a worker, which knows no secret, without any that a plugin quoted
        there.
        """
        [derived] = cleared(results, self._context.plugins.redact)
        return derived

    def close(self) -> None:
        """End the workers, whatever they are at; a lane that waits for room goes on without."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        # Those of a lost one are ended by loky itself, at a time of its own: wait for that too.
        for workers in (*self._lost, self._workers):
            workers.stop(kill=True)


def _without_decoded(record: Record) -> Record:
    """The record as it travels to another process: without what its bodies have decoded."""
    parts = {}
    for name, body in record.parts.items():
        parts[name] = Body(body.content, body.encoding)
    return replace(record, parts=parts)


@dataclass(frozen=True, slots=True, eq=False)
class Pending:
    """What a worker will have made of a record; to be taken once, by the thread that stores."""

    pool: Pool
    workers: Workers
    record: Record
    received_at: str | None
    future: Future[list[Derived]]

    def result(self) -> Derived:
        """Wait for it.

        What is not the record's fault comes as a failure, as it does from a lane.
        """
        try:
            derived = self._derived()
        # Raised where the answer is stored, after those that came before it.
        except Exception as failure:  # noqa: BLE001
            return Derived([], failure=failure)
        return replace(derived, received_at=self.received_at)

    def _derived(self) -> Derived:
        try:
            return self.pool.cleared(self.future.result())
        except BrokenExecutor:
            self.pool.lost(self.workers)
            return self.pool.derive_alone(self.record)
