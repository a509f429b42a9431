"""Derives batches of records, in worker processes if they have foreign files or are many."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fitglue_registry.sync.deriving.deriver import Derived, Deriver
from fitglue_registry.sync.deriving.workers import (
    has_file,
    has_files,
    results_of,
    submit_records,
    weight_of,
)
from fitglue_registry.sync.worker_limits import MOST_BYTES_IN_PROGRESS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fitglue_registry.plugin_api import Record
    from fitglue_registry.registry import Entry
    from fitglue_registry.sync.context import SyncContext, Work, Workers

Label = TypeVar("Label")
Item = TypeVar("Item")
#: The smallest number of records without a foreign file for which worker processes are used. Fewer
#: are derived sooner in this process than a worker has imported its modules.
_MIN_RECORDS = 200
#: How many records are loaded at once.
_BATCH = 25
#: The same for records that all have a foreign file, because a file can be large.
_FILE_BATCH = 1


@dataclass(frozen=True, slots=True)
class _Group:
    """Records that are derived together: one with a foreign file, or some without.

    Attributes:
        records: The records.
        work: The work of a worker process; ``None`` if this process derives them.
    """

    records: Sequence[Record]
    work: Work | None


@dataclass(frozen=True, slots=True)
class _Submitted(Generic[Label]):
    """A batch in progress."""

    label: Label
    groups: tuple[_Group, ...]
    size: int  # in bytes


def derive_batches(
    context: SyncContext,
    batches: Iterable[tuple[Label, Sequence[Record]]],
    total: int,
) -> Iterator[tuple[Label, list[Derived]]]:
    """Derive batches of records: those with a foreign file in worker processes, and the others too
    if there are many.

    Args:
        context: The connection.
        batches: Pairs of a label, which can be any value, and a batch of records.
        total: How many records all batches have together.

    Yields:
        The label of each batch with the results of its records, in the order of ``batches``.

    Raises:
        FitglueError: A failure that concerns the whole connection.
    """
    has_many = _has_many(context, total)
    if has_many or has_files(context.entry):
        yield from _BatchesInProgress(context, has_many=has_many).derive(batches)
        return
    deriver = Deriver(context.plugins, context.entry)
    for label, records in batches:
        yield label, list(deriver.derive_all(records))


def batches_of(entry: Entry, records: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Yield records, or values for them, in batches of a size that suits the entry."""
    all_have_files = any(part.heavy and part.default for part in entry.parts)
    size = _FILE_BATCH if all_have_files else _BATCH
    for start in range(0, len(records), size):
        yield records[start : start + size]


def _has_many(context: SyncContext, total: int) -> bool:
    """Return whether there are enough records for worker processes even without foreign files."""
    # A worker finds plugins through entry points. It may not find those that an application passed
    # to the host as objects.
    if total < _MIN_RECORDS or not context.plugins.from_environment:
        return False
    return context.open_workers().count > 1


class _BatchesInProgress:
    """Batches that worker processes derive while this process stores the results.

    Args:
        context: The connection.
        has_many: Whether workers also derive the records without a foreign file.
    """

    def __init__(
        self,
        context: SyncContext,
        *,
        has_many: bool,
    ) -> None:
        self._context = context
        self._has_many = has_many
        self._deriver = Deriver(context.plugins, context.entry)
        self._waiting: deque[_Submitted[Any]] = deque()

    @property
    def _workers(self) -> Workers:
        # Opened with the first batch: a first sync has none, and need not import pebble.
        return self._context.open_workers()

    def derive(
        self,
        batches: Iterable[tuple[Label, Sequence[Record]]],
    ) -> Iterator[tuple[Label, list[Derived]]]:
        """Submit batches, and yield the label of each with its results, in order."""
        try:
            for label, records in batches:
                self._waiting.append(self._submit(label, records))
                while self._has_enough():
                    yield self._next()
            while self._waiting:
                yield self._next()
        finally:
            # After an error, or if the caller closes this generator, nobody wants the results.
            for submitted in self._waiting:
                _cancel(submitted)

    def _submit(self, label: Label, records: Sequence[Record]) -> _Submitted[Label]:
        groups = []
        for group, holds_file in _groups_of(self._context.entry, records):
            work = None
            if holds_file or self._has_many:
                work = submit_records(self._workers, self._context, group)
            groups.append(_Group(group, work))
        return _Submitted(label, tuple(groups), sum(map(weight_of, records)))

    def _has_enough(self) -> bool:
        """Return whether a result must be taken before the next batch is loaded.

        Two batches per core are in progress: enough to keep every core busy while this process
        stores a result, and not so many that they fill the memory.
        """
        if len(self._waiting) > 2 * self._workers.count:
            return True
        size = sum(submitted.size for submitted in self._waiting)
        return size > MOST_BYTES_IN_PROGRESS

    def _next(self) -> tuple[Any, list[Derived]]:
        """Wait for the oldest batch, and return its label and its results without secrets."""
        # Removed only when it is done, so that the ``finally`` of the caller sees unfinished work.
        submitted = self._waiting[0]
        results: list[Derived] = []
        for group in submitted.groups:
            if group.work is None:
                results += self._deriver.derive_all(group.records)
            else:
                results += results_of(self._context, group.records, group.work)
        self._waiting.popleft()
        return submitted.label, results


def _groups_of(
    entry: Entry,
    records: Sequence[Record],
) -> Iterator[tuple[list[Record], bool]]:
    """Yield records in order, one with a foreign file alone, and whether it is such a record."""
    for holds_file, group in groupby(records, partial(has_file, entry)):
        if not holds_file:
            yield list(group), False
            continue
        for record in group:
            yield [record], True


def _cancel(submitted: _Submitted[Any]) -> None:
    for group in submitted.groups:
        if group.work is not None:
            group.work.cancel()
