"""Derives records in worker processes: those with a foreign file always, others if there are many.

A worker shares nothing with this process. It gets the entry and the records, loads the plugins
itself, and returns values. It is given neither the database nor a connection nor a secret, so a
plugin or a file that breaks it can harm nothing except the records that it was given.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fitglue_registry.errors import FitglueError, Place, PluginFailed
from fitglue_registry.plugins import Plugins
from fitglue_registry.redaction.exceptions import redact_exception
from fitglue_registry.sync.deriving.deriver import Derived, Deriver
from fitglue_registry.sync.worker_limits import (
    MOST_BYTES_IN_PROGRESS,
    WorkerDied,
    WorkerLimits,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fitglue_registry.plugin_api import Record
    from fitglue_registry.plugins import PluginsRecipe
    from fitglue_registry.policy import Quotas
    from fitglue_registry.redaction.exceptions import Redact
    from fitglue_registry.registry import Entry
    from fitglue_registry.sync.context import SyncContext, Work, Workers

Label = TypeVar("Label")
Item = TypeVar("Item")
#: The smallest number of records without a foreign file for which worker processes are used. Fewer
#: are derived sooner in this process than a worker has imported its modules.
_MIN_RECORDS = 200
#: How many records are loaded at once. Those that all have a foreign file are loaded one by one,
#: because a file can be large.
_BATCH, _FILE_BATCH = 25, 1
#: Of the time limits of a plugin and of its process, the second one is longer by these seconds.
_GRACE_S = 30.0


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


def has_files(entry: Entry) -> bool:
    """Return whether records of an entry can contain a foreign file."""
    return any(part.heavy for part in entry.parts)


def has_file(entry: Entry, record: Record) -> bool:
    """Return whether a record contains a foreign file, which only a worker process may read."""
    return any(part.heavy and part.name in record.parts for part in entry.parts)


def _has_many(context: SyncContext, total: int) -> bool:
    """Return whether there are enough records for worker processes even without foreign files."""
    # A worker finds plugins through entry points. It may not find those that an application passed
    # to the host as objects.
    if total < _MIN_RECORDS or not context.plugins.from_environment:
        return False
    return context.open_workers().count > 1


def submit_records(
    workers: Workers,
    context: SyncContext,
    records: Sequence[Record],
) -> Work:
    """Submit records to a worker; the result of the work is what ``derive_in_worker`` returns.

    A record with a foreign file has to be submitted on its own, so that the limits of a worker hold
    for each file, and only one file is lost with it.
    """
    entry = context.entry
    holds_file = any(has_file(entry, record) for record in records)
    limits, recipe = limits_of(
        context.plugins,
        context.quotas,
        holds_file=holds_file,
    )
    return workers.submit(
        derive_in_worker,
        entry,
        records,
        recipe,
        limits=limits,
    )


def limits_of(
    plugins: Plugins,
    quotas: Quotas,
    *,
    holds_file: bool,
) -> tuple[WorkerLimits, PluginsRecipe]:
    """Return the limits for one piece of work, and the plugins with their own time limit.

    For a foreign file, the limit of the process comes first: one file that takes forever must not
    stop the others. Otherwise the limit of the plugin comes first: if it blocks, the next record
    would block as well, so the connection stops.

    Args:
        plugins: The plugins of this process.
        quotas: How much the work of one athlete may take.
        holds_file: Whether the work is to read a foreign file.
    """
    time_limit_s = plugins.time_limit_s
    later_s = time_limit_s + _GRACE_S
    cpu_s = quotas.normalize_cpu_s
    if holds_file:
        return WorkerLimits(wall_s=time_limit_s, cpu_s=cpu_s), plugins.recipe(later_s)
    return WorkerLimits(wall_s=later_s, cpu_s=cpu_s), plugins.recipe(time_limit_s)


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
        self._workers = context.open_workers()
        self._deriver = Deriver(context.plugins, context.entry)
        self._waiting: deque[_Submitted[Any]] = deque()

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


def weight_of(record: Record) -> int:
    """Return how many bytes the raw parts of a record have."""
    return sum(len(body.content) for body in record.parts.values())


def results_of(
    context: SyncContext,
    records: Sequence[Record],
    work: Work,
) -> list[Derived]:
    """Wait for submitted records, and return their results without secrets.

    If their worker died, each of them is derived once more in a worker of its own. Any of them may
    have killed it, or none. The one that does it again goes to quarantine; it must never be derived
    in this process, because it would end this sync and every later one.

    Raises:
        FitglueError: A failure that concerns the whole connection.
    """
    redact = context.plugins.redact
    try:
        return redacted(_checked(work.result(), redact), redact)
    except WorkerDied as died:
        if died.is_certain and len(records) == 1:
            return [Derived([], worker_died(context.entry.plugin.name, died))]
    return [_derive_again(context, record) for record in records]


def _derive_again(context: SyncContext, record: Record) -> Derived:
    work = submit_records(context.open_workers(), context, [record])
    redact = context.plugins.redact
    try:
        [derived] = redacted(_checked(work.result(), redact), redact)
    except WorkerDied as died:
        return Derived([], worker_died(context.entry.plugin.name, died))
    return derived


def result_of(
    work: Work,
    plugin: str,
    redact: Redact,
) -> Any:
    """Wait for a piece of work, and return its result.

    Args:
        work: The work, which returns a failure instead of raising it.
        plugin: The name of the plugin that does it.
        redact: Removes secrets from a failure.

    Raises:
        FitglueError: The failure, or ``PluginFailed`` if the work broke its worker.
    """
    try:
        result = work.result()
    except WorkerDied as died:
        raise _ended_without_answer(plugin, died) from died
    finally:
        work.cancel()
    if isinstance(result, FitglueError):
        redact_exception(result, redact)
        raise result
    return result


def _ended_without_answer(plugin: str, died: WorkerDied) -> PluginFailed:
    """Return the error for work that ended its worker process and is not about one record."""
    return PluginFailed(
        "FG-plugin-died",
        f"plugin {plugin} has not answered: {died.reason}",
        at=Place(field=plugin),
        why="a file that it was given is damaged, made to do harm, or larger than any real one; or "
        "the plugin has an error",
        fix="nothing that was stored is lost; try again with fewer files; if that fails as well, "
        "report it to the plugin's author",
    )


def worker_died(plugin: str, died: WorkerDied) -> PluginFailed:
    """Return the error for a record that ended the worker process that derived it."""
    return PluginFailed(
        "FG-plugin-died",
        f"plugin {plugin} could not read this record: {died.reason}",
        at=Place(field=plugin),
        why="the record is damaged, made to do harm, or larger than any real workout; or the "
        "plugin has an error",
        fix="the record is kept, and the next version of the plugin tries it again; if it is a "
        "real workout, report it to the plugin's author",
    )


def _checked(result: list[Derived] | FitglueError, redact: Redact) -> list[Derived]:
    """Return the results of a worker, or raise the failure that it returned."""
    if isinstance(result, FitglueError):
        redact_exception(result, redact)
        raise result
    return result


def redacted(results: Sequence[Derived], redact: Redact) -> list[Derived]:
    """Remove secrets from the errors of results, and return the results.

    A worker cannot do that, because it does not know the secrets. A plugin may nevertheless quote
    one there, for example from a response that repeats the key.
    """
    for result in results:
        if result.refused is not None:
            redact_exception(result.refused, redact)
    return list(results)


# -- in a worker process ---------------------------------------------------------------------------


@cache
def plugins_of(recipe: PluginsRecipe) -> Plugins:
    """Return the plugins in this worker, which loads them once and not for each batch."""
    return Plugins.from_recipe(recipe)


def derive_in_worker(
    entry: Entry,
    records: Sequence[Record],
    recipe: PluginsRecipe,
) -> list[Derived] | FitglueError:
    """Derive a batch of records in a worker process.

    Returns:
        Results that can be pickled, or the failure that concerns the whole connection.
    """
    try:
        deriver = Deriver(plugins_of(recipe), entry)
        return [bare_result(derived) for derived in deriver.derive_all(records)]
    except FitglueError as error:
        return bare(error)


def bare_result(derived: Derived) -> Derived:
    """Return a result whose error has only its parts."""
    if derived.refused is None:
        return derived
    return replace(derived, refused=bare(derived.refused))


def bare(error: FitglueError) -> FitglueError:
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
