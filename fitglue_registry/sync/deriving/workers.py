"""Gives records to worker processes, and returns what they derive.

A worker shares nothing with this process. It gets the entry and the records, loads the plugins
itself, and returns values. It is given neither the database nor a connection nor a secret, so a
plugin or a file that breaks it can harm nothing except the records that it was given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.sync.deriving.deriver import Derived
from fitglue_registry.sync.deriving.in_worker import derive_in_worker
from fitglue_registry.sync.deriving.results import checked, redacted, worker_died
from fitglue_registry.sync.worker_limits import WorkerDied, WorkerLimits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.plugin_api import Record
    from fitglue_registry.plugins import Plugins, PluginsRecipe
    from fitglue_registry.policy import Quotas
    from fitglue_registry.registry import Entry
    from fitglue_registry.sync.context import SyncContext, Work, Workers

#: Of the time limits of a plugin and of its process, the second one is longer by these seconds.
_GRACE_S = 30.0


def has_files(entry: Entry) -> bool:
    """Return whether records of an entry can contain a foreign file."""
    return any(part.heavy for part in entry.parts)


def has_file(entry: Entry, record: Record) -> bool:
    """Return whether a record contains a foreign file, which only a worker process may read."""
    return any(part.heavy and part.name in record.parts for part in entry.parts)


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
        return redacted(checked(work.result(), redact), redact)
    except WorkerDied as died:
        if died.is_certain and len(records) == 1:
            return [Derived([], worker_died(context.entry.plugin.name, died))]
    return [_derive_again(context, record) for record in records]


def _derive_again(context: SyncContext, record: Record) -> Derived:
    work = submit_records(context.open_workers(), context, [record])
    redact = context.plugins.redact
    try:
        [derived] = redacted(checked(work.result(), redact), redact)
    except WorkerDied as died:
        return Derived([], worker_died(context.entry.plugin.name, died))
    return derived
