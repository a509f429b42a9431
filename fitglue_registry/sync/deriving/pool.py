"""Derives what takes long in processes of their own while a sync goes on; what waits for them is
bounded in number and in bytes.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fitglue_registry.plugin_api import Body
from fitglue_registry.sync.deriving.deriver import Derived
from fitglue_registry.sync.deriving.workers import cleared, cores_for, died, executor_of, hand_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from loky import ProcessPoolExecutor

    from fitglue_registry.plugin_api import Record
    from fitglue_registry.registry import Part as PartEntry
    from fitglue_registry.sync.context import Context

log = logging.getLogger(__name__)

#: So many jobs a core may be under way, of so many bytes together. What is done waits where every
#: answer of a lane waits, in its bounds.
_JOBS_A_CORE, _MOST_BYTES = 3, 64_000_000
#: So often are workers started in one sync; where they die again and again, it is done without.
_MOST_STARTS = 3


@contextmanager
def pool_for(context: Context, part: PartEntry, total: int) -> Iterator[Pool | None]:
    """A pool for ``total`` records whose ``part`` is taken, or ``None`` where they are derived on
    the lane that they come on.
    """
    cores = cores_for(context, total, heavy=True) if part.heavy else 1
    if cores < 2:
        yield None
        return
    pool = Pool(context, cores)
    try:
        yield pool
    finally:
        pool.close()


class Pool:
    """Worker processes of one sync; started by the first record that comes.

    Lanes hand records in, the thread that stores takes out.
    """

    def __init__(self, context: Context, cores: int) -> None:
        self._context, self._cores = context, cores
        self._executor = executor_of(cores)
        self._lost: list[ProcessPoolExecutor] = []
        self._changed = threading.Condition()
        self._jobs = self._bytes = 0
        self._starts, self._closed = 1, False

    def derive(self, record: Record, received_at: str | None) -> Derived | Pending:
        """What the record says, or the promise of it; waits for room.

        Once there are no workers it is derived here, on this lane.
        """
        from loky.process_executor import BrokenProcessPool

        bare = replace(
            record,
            parts={name: Body(body.content, body.encoding) for name, body in record.parts.items()},
        )
        weight = sum(len(body.content) for body in bare.parts.values())
        while (executor := self._take_room(weight)) is not None:
            try:
                future = hand_out(executor, self._context.entry, [bare], self._context.plugins)
            except BrokenProcessPool:
                self._give_room(weight)
                self.lost(executor)
            else:
                future.add_done_callback(lambda _: self._give_room(weight))
                return Pending(self, executor, bare, received_at, future)
        return replace(
            self._context.deriver.derive(self._context.entry, record, here=True),
            received_at=received_at,
        )

    def _take_room(self, weight: int) -> ProcessPoolExecutor | None:
        """Who takes a job of so many bytes, once there is room for it; one alone may be of any
        size.

        ``None``: nobody any more.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._ended() or self._has_room(weight))
            if self._ended():
                return None
            self._jobs += 1
            self._bytes += weight
            return self._executor

    def _ended(self) -> bool:
        return self._closed or self._starts > _MOST_STARTS

    def _has_room(self, weight: int) -> bool:
        return self._jobs == 0 or (
            self._jobs < self._cores * _JOBS_A_CORE and self._bytes + weight <= _MOST_BYTES
        )

    def _give_room(self, weight: int) -> None:
        with self._changed:
            self._jobs -= 1
            self._bytes -= weight
            self._changed.notify_all()

    def lost(self, executor: ProcessPoolExecutor) -> None:
        """These workers are gone: start others, unless it happened too often."""
        with self._changed:
            if executor is not self._executor or self._ended():
                return  # it was said before
            self._starts += 1
            self._lost.append(executor)
            if not self._ended():
                self._executor = executor_of(self._cores)
            self._changed.notify_all()
        log.warning(
            "a process that read for %s ended by itself; what it was at is read again%s",
            self._context.connected.name,
            ", and the rest in this process" if self._ended() else "",
        )

    def derive_alone(self, record: Record) -> Derived:
        """Derive what may have cost others their worker in one of its own; if that dies, too, the
        record is to blame.
        """
        from loky.process_executor import BrokenProcessPool

        executor = executor_of(1)
        try:
            return self.cleared(
                hand_out(executor, self._context.entry, [record], self._context.plugins).result()
            )
        except BrokenProcessPool:
            return Derived([], died(self._context.entry))
        finally:
            executor.shutdown(kill_workers=True)

    def cleared(self, derived: Sequence[Derived]) -> Derived:
        """The one result of a worker, which knows no secret, without any that a plugin quoted
        there.
        """
        [one] = cleared(derived, self._context.plugins.redact)
        return one

    def close(self) -> None:
        """End the workers, whatever they are at; a lane that waits for room goes on without."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        # Those of a lost one are ended by loky itself, at a time of its own: wait for that too.
        for executor in (*self._lost, self._executor):
            executor.shutdown(kill_workers=True)


@dataclass(frozen=True, slots=True, eq=False)
class Pending:
    """What a worker will have made of a record; to be taken once, by the thread that stores."""

    pool: Pool
    executor: ProcessPoolExecutor
    record: Record
    received_at: str | None
    future: Future[list[Derived]]

    def result(self) -> Derived:
        """Wait for it.

        What is not the record's fault comes as a failure, as it does from a lane.
        """
        from loky.process_executor import BrokenProcessPool

        try:
            try:
                derived = self.pool.cleared(self.future.result())
            except BrokenProcessPool:
                self.pool.lost(self.executor)
                derived = self.pool.derive_alone(self.record)
        except Exception as failure:  # noqa: BLE001 - raised where the answer is stored, after those that came before it
            return Derived([], failure=failure)
        return replace(derived, received_at=self.received_at)
