"""Derives many records on every core, in processes of their own; a few are derived here, since a
process takes time to start.
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
#: Fewer records are sooner derived than a process has imported what it needs; of those that take
#: long, fewer.
_WORTH_A_PROCESS, _HEAVY_WORTH_A_PROCESS = 200, 16
#: So many records are read and handed out at a time; of those that are heavy, fewer: some batches
#: are in memory at once.
_BATCH, _HEAVY_BATCH = 25, 2


def derive_batches(
    context: SyncContext,
    batches: Iterable[tuple[Label, Sequence[Record]]],
    total: int,
) -> Iterator[tuple[Label, list[Derived]]]:
    """What each batch of records says, in their order, with the label that it came with; ``total``
    is how many records there are.
    """
    processes = processes_for(context, total, heavy=_is_heavy(context.entry))
    if processes is not None:
        yield from _on_every_core(context, batches, processes)
        return
    deriver = Deriver(context.plugins, context.entry)
    for label, records in batches:
        yield label, list(deriver.derive_all(records))


def batches_of(entry: Entry, records: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """What stands for records, in batches of a size that suits what is derived from them."""
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
    """What starts processes, where so many records are worth it and there is more than one core.

    Plugins that an application handed over as objects are not known to another process, and work
    here.
    """
    fewest = _HEAVY_WORTH_A_PROCESS if heavy else _WORTH_A_PROCESS
    if total < fewest or not context.plugins.from_environment:
        return None
    if context.import_processes is None:
        return None
    processes = context.import_processes()
    if processes.count_cores() < 2:
        return None
    return processes


def hand_out(
    workers: Workers,
    context: SyncContext,
    records: Sequence[Record],
) -> Future[list[Derived]]:
    """Let a worker derive these; raises ``BrokenExecutor`` where one ended by itself."""
    return workers.submit(derive_there, context.entry, records, context.plugins.time_limit_s)


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
            waiting.append((label, hand_out(workers, context, records)))
            if len(waiting) > 2 * cores:
                yield _next(waiting, context.plugins.redact)
        while waiting:
            yield _next(waiting, context.plugins.redact)
    except BrokenExecutor as error:
        raise died(context.entry) from error
    finally:
        workers.stop(kill=bool(waiting))


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
        redact_exception(error, redact)
        raise
    waiting.popleft()
    return label, cleared(derived, redact)


def cleared(derived: Sequence[Derived], redact: Redact) -> list[Derived]:
    """The same; no secret stands in what a plugin said in a worker."""
    for result in derived:
        if result.refused is not None:
            redact_exception(result.refused, redact)
    return list(derived)


# -- what a worker does ----------------------------------------------------------------------------


@cache
def _plugins(time_limit_s: float) -> Plugins:
    return Plugins(time_limit_s=time_limit_s)


def derive_there(
    entry: Entry,
    records: Sequence[Record],
    time_limit_s: float,
) -> list[Derived]:
    """Derive a batch in a worker, which finds its plugins by itself; errors travel without what a
    plugin may have hung on them.
    """
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
    return type(error)(
        error.code,
        error.what,
        at=error.at,
        why=error.why,
        fix=error.fix,
    )
