"""Asks a plugin for one part of many records: an answer for each id, or the failure that concerns
that id alone.
"""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import (
    AthleteNeeded,
    ConnectionStopped,
    FitglueError,
    PluginFailed,
    Retryable,
)
from fitglue_registry.store.parts import sample_with_part
from fitglue_registry.sync.fetching.answers import Answered, in_batches, weight_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from fitglue_registry.model.stored import PartName
    from fitglue_registry.registry import EntryPart
    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.fetching.answers import Derive

log = logging.getLogger(__name__)

#: So many jobs may fail one after the other before it is looked into whether the source itself is
#: down, by so many records at most.
_FAILED_IN_A_ROW, _PROBES = 3, 3
_CONCERN_ALL = frozenset(
    {
        "FG-no-network",
        "FG-rate-limited",
        "FG-plugin-blocked",
        "FG-session-closed",
    }
)
#: So many answers of one job are stored together.
_BATCH = 128
_HOOK = "fitglue_fetch"


def ask_for(
    context: SyncContext,
    part: EntryPart,
    ids: Sequence[str],
    derive: Derive,
) -> Iterator[list[Answered]]:
    """The answers to ``ids``, job by job; the failures that concern one id alone come last.

    ``derive`` is called on the lane that an answer came on, so that the work of several overlaps;
    of an id that was not asked it makes ``None``. What it hands to a worker is waited for here, in
    the order of the answers. What fails for many ids at a time is asked for singly, so that one
    record that the source cannot deliver takes no other along. Several failures in a row are an
    outage, or as many odd records: ``_others`` tell. Raises what concerns the whole connection.
    """
    failed: dict[str, FitglueError] = {}
    jobs = _jobs(ids, part.bulk)
    if part.bulk > 1:
        stretch = yield from _ask(context, part, jobs, derive)
        again = [*stretch.failed, *chain.from_iterable(stretch.left)]
        jobs = _jobs(again, 1)
    while jobs:
        stretch = yield from _ask(context, part, jobs, derive)
        failed.update(stretch.failed)
        jobs = stretch.left
        if stretch.outage is None:
            break
        others = _others(context, part.name, jobs)
        if not others:  # nobody else can tell: it was a try of those records as well
            yield _failures(failed)
        if not _delivers_any(context, part.name, others):
            raise stretch.outage
    for failure in _failures(failed):
        yield [failure]


def _failures(failed: Mapping[str, FitglueError]) -> list[Answered]:
    answers = []
    for external_id, error in failed.items():
        answers.append(Answered(external_id, error))
    return answers


def _others(
    context: SyncContext,
    part: str,
    jobs: Sequence[Sequence[str]],
) -> list[str]:
    """A few ids that can tell an outage from odd records: what was delivered before, or, of a part
    that never was, some of what waits.
    """
    with context.database.read() as db:
        delivered = sample_with_part(db, context.connection_id, part, _PROBES)
    if delivered:
        return delivered
    waiting = [job[0] for job in jobs]
    step = max(len(waiting) // _PROBES, 1)
    return waiting[::-step][:_PROBES]


def _delivers_any(
    context: SyncContext,
    part: PartName,
    ids: Iterable[str],
) -> bool:
    """Whether the source answers for one of these ids.

    What it answers is not kept: what waits is asked for in its turn.
    """
    for external_id in ids:
        arguments = _arguments(context, part, [external_id])
        for _, item in context.plugin.iterate(_HOOK, [arguments]):
            if not isinstance(item, FitglueError):
                return True
    return False


def _arguments(
    context: SyncContext,
    part: PartName,
    ids: list[str],
) -> dict[str, Any]:
    return {
        "connection": context.view,
        "part": part.value,  # a plugin gets plain text, which it puts into what it answers
        "ids": ids,
    }


# -- a stretch of jobs -----------------------------------------------------------------------------


def _jobs(ids: Sequence[str], size: int) -> list[Sequence[str]]:
    jobs = []
    for start in range(0, len(ids), size):
        jobs.append(ids[start : start + size])
    return jobs


@dataclass(frozen=True, slots=True)
class _Stretch:
    """How a stretch of jobs ended."""

    failed: dict[str, FitglueError]
    left: list[Sequence[str]] = field(default_factory=list)  # what was not answered yet
    outage: FitglueError | None = None  # the last of so many failures that it was broken off


class _Job:
    """Some ids that are asked for together, and those of them that wait for an answer."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = list(ids)
        self._waiting = dict.fromkeys(ids)

    @property
    def waiting(self) -> list[str]:
        """The ids that were not answered yet."""
        return list(self._waiting)

    def fail(self) -> list[str]:
        """Give up what waits; returns it."""
        given_up = list(self._waiting)
        self._waiting.clear()
        return given_up

    def expects(self, answered: Answered) -> bool:
        """Whether an answer is to an id that waits for one."""
        return answered.external_id in self._waiting

    def take(self, answered: Answered) -> Answered:
        """Note that an id is answered; what a worker makes of the answer is waited for."""
        del self._waiting[answered.external_id]
        if answered.pending is None:
            return answered
        return replace(
            answered,
            derived=answered.pending.result(),
            pending=None,
        )


def _ask(
    context: SyncContext,
    part: EntryPart,
    ids_of_jobs: Sequence[Sequence[str]],
    derive: Derive,
) -> Generator[list[Answered], None, _Stretch]:
    """Ask for jobs until so many fail in a row; returns what is left then.

    Of that, as many as there are lanes may be under way; they are asked for again.
    """
    jobs = [_Job(ids) for ids in ids_of_jobs]
    failed: dict[str, FitglueError] = {}
    failed_in_a_row = 0
    with closing(_answers(context, part, jobs, derive)) as answers:
        for number, item in answers:
            job = jobs[number]
            if not isinstance(item, FitglueError):
                failed_in_a_row = 0
                yield from _take(context, part.name, item, job)
                continue
            _log_failure(part.name, job, item)
            if _concerns_all(item):
                raise item
            failed.update(dict.fromkeys(job.fail(), item))
            failed_in_a_row += 1
            if failed_in_a_row >= _FAILED_IN_A_ROW:
                return _Stretch(failed, _left(jobs), item)
    for job in jobs:
        for external_id in job.waiting:
            what = f"nothing about {external_id!r}"
            failed[external_id] = context.plugin.refuse(_HOOK, what)
    return _Stretch(failed)


def _left(jobs: Iterable[_Job]) -> list[Sequence[str]]:
    """The ids of each job that were not answered yet."""
    left: list[Sequence[str]] = []
    for job in jobs:
        if job.waiting:
            left.append(job.waiting)
    return left


def _answers(
    context: SyncContext,
    part: EntryPart,
    jobs: Sequence[_Job],
    derive: Derive,
) -> Generator[tuple[int, list[Answered] | FitglueError], None, None]:
    """(number of the job, some of its answers or why it failed)."""
    most = 1 if part.heavy else _BATCH
    yield from context.plugin.iterate(
        _HOOK,
        [_arguments(context, part.name, list(job.ids)) for job in jobs],
        lanes=context.lanes,
        then=lambda items: in_batches(items, derive, most),
        weigh=weight_of,
    )


def _take(
    context: SyncContext,
    part: str,
    batch: Iterable[Answered],
    job: _Job,
) -> Iterator[list[Answered]]:
    """The answers up to one that was not asked for, which is the plugin's error."""
    taken: list[Answered] = []
    for answered in batch:
        assert not isinstance(answered.item, FitglueError)
        if not job.expects(answered) or answered.item.part != part:
            if taken:
                yield taken
            what = f"for {answered.external_id!r}, which was not asked or was answered already"
            raise context.plugin.refuse(_HOOK, what)
        taken.append(job.take(answered))
    if taken:
        yield taken


def _log_failure(
    part: str,
    job: _Job,
    error: FitglueError,
) -> None:
    # Of what is not answered, the athlete hears otherwise.
    level = logging.INFO if job.waiting else logging.WARNING
    log.log(
        level,
        "of %d %s that were asked for, %d were not answered: %s",
        len(job.ids),
        part,
        len(job.waiting),
        error,
    )


def _concerns_all(error: FitglueError) -> bool:
    """Whether a failure is the whole connection's, and not only that of the ids that were asked
    for.
    """
    if isinstance(error, AthleteNeeded) or error.code in _CONCERN_ALL:
        return True
    # The source asked to be left alone, whatever for.
    if isinstance(error, Retryable) and error.retry_after_s:
        return True
    return not isinstance(error, Retryable | ConnectionStopped | PluginFailed)
