"""Asks a plugin for one part of many records: an answer for each id, or the failure that concerns that id alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import AthleteNeeded, ConnectionStopped, FitglueError, PluginFailed, Retryable
from fitglue_registry.hookspecs import Part, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.registry.entry import Part as PartEntry
    from fitglue_registry.sync.context import Context

#: So many jobs may fail one after the other before the source itself is held to be down.
_FAILED_IN_A_ROW = 3
_CONCERN_ALL = frozenset({"FG-no-network", "FG-rate-limited", "FG-plugin-blocked", "FG-session-closed"})


def ask_for(context: Context, part: PartEntry, ids: Sequence[str]) -> Iterator[tuple[str, Part | Unavailable | FitglueError]]:
    """Each id with its answer; failures come last, and only once it is clear that they are not an outage of the source.

    What fails for many ids at a time is asked for singly, so that one record that the source cannot deliver takes no other along.
    Raises what concerns the whole connection.
    """
    failed: dict[str, FitglueError] = {}
    yield from _round(context, part.name, _batches(ids, part.bulk), failed)
    if failed and part.bulk > 1:
        again = list(failed)
        failed.clear()
        yield from _round(context, part.name, _batches(again, 1), failed)
    yield from failed.items()


def _batches(ids: Sequence[str], size: int) -> list[Sequence[str]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def _round(context: Context, part: str, jobs: list[Sequence[str]],
           failed: dict[str, FitglueError]) -> Iterator[tuple[str, Part | Unavailable]]:
    waiting = [dict.fromkeys(job) for job in jobs]
    arguments = [{"connection": context.view, "part": part, "ids": list(job)} for job in jobs]
    failed_in_a_row = 0
    for job, item in context.plugins.iterate(context.entry, "fitglue_fetch", (Part, Unavailable), arguments, lanes=context.lanes,
                                             sign_of_life=context.view.sign_of_life):
        if isinstance(item, FitglueError):
            failed_in_a_row += 1
            if _concerns_all(item) or failed_in_a_row >= _FAILED_IN_A_ROW:
                raise item
            failed.update(dict.fromkeys(waiting[job], item))
            waiting[job].clear()
            continue
        if item.external_id not in waiting[job] or item.part != part:
            raise context.plugins.refuse(
                context.entry, "fitglue_fetch", f"for {item.external_id!r}, which was not asked or was answered already")
        del waiting[job][item.external_id]
        failed_in_a_row = 0
        yield item.external_id, item
    for job_ids in waiting:
        failed.update({external_id: context.plugins.refuse(context.entry, "fitglue_fetch", f"nothing about {external_id!r}")
                       for external_id in job_ids})


def _concerns_all(error: FitglueError) -> bool:
    """Whether a failure is the whole connection's, and not only that of the ids that were asked for."""
    if isinstance(error, AthleteNeeded) or error.code in _CONCERN_ALL:
        return True
    if isinstance(error, Retryable) and error.retry_after_s:  # the source asked to be left alone, whatever for
        return True
    return not isinstance(error, Retryable | ConnectionStopped | PluginFailed)
