"""Asks a plugin for one part of many records, and isolates the records that it fails for.

A job is a call of ``fitglue_fetch`` with one or several ids. Records that fail in a bulk job are
asked for one at a time. Several failures in a row may mean that the source is down. Then a few
other records are asked for, to distinguish an outage from records that the source cannot deliver.
An answer that contradicts what is known, such as "gone" about a record that is listed, is a failure
too: the address of the part may have moved. A key that is refused is checked in the same way at
once: some services answer with 401 or 403 about a record that is private or blocked.
"""

from __future__ import annotations

from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import FitglueError
from fitglue_registry.store.parts import sample_with_part
from fitglue_registry.sync.fetching.answers import Answered, in_batches, weight_of
from fitglue_registry.sync.fetching.failures import about_one, concerns_all, is_refusal
from fitglue_registry.sync.fetching.jobs import HOOK, Asking, Job, Outcome, Refute, Task
from fitglue_registry.sync.fetching.summaries import Summaries

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from fitglue_registry.model.stored import PartName
    from fitglue_registry.plugin_api import Part, Unavailable
    from fitglue_registry.registry import EntryPart
    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.fetching.answers import Derive

#: How many other records are asked for at most, to find out whether the source is down.
_MAX_PROBES = 3
#: How many answers of one job are stored together. A heavy part is stored on its own.
_MAX_BATCH = 128
#: The answers of how many jobs are stored together, if they arrive together. A transaction for each
#: workout takes as long as its values. With more, all lanes would wait while they are stored: the
#: number of jobs that have begun and are not stored is limited.
_STORED_TOGETHER = 2


def _believe(_: Part | Unavailable) -> None:
    return None


def ask_for(
    context: SyncContext,
    part: EntryPart,
    ids: Sequence[str],
    derive: Derive,
    refute: Refute = _believe,
) -> Iterator[list[Answered]]:
    """Ask for one part of many records, and yield the answers in batches.

    Args:
        context: The connection.
        part: The part, as the entry describes it.
        ids: The external ids of the records, in the order in which to ask for them.
        derive: Called for each answer on the thread that received it. If it returns a promise, this
            function waits for the result, so the order of the answers stays.
        refute: Called for each answer; if it returns an error, the id counts as not answered.

    Yields:
        Batches of answers. The errors of ids that could not be answered follow at the end.

    Raises:
        FitglueError: A failure that concerns the whole connection, such as an outage. The failures
            before it are then not yielded, so an outage does not count as a failed attempt of the
            records that were asked for during it.
    """
    task = Task(context, part, derive, refute)
    failed: dict[str, FitglueError] = {}
    jobs = _jobs(ids, part.bulk)
    if part.bulk > 1:
        # One record that the source cannot deliver makes the whole bulk request fail. Asked for one
        # at a time, the others arrive.
        unanswered = yield from _ask_in_bulk(task, jobs)
        jobs = _jobs(unanswered, 1)
    while jobs:
        outcome = yield from _ask(task, jobs)
        failed.update(outcome.failed)
        jobs = outcome.left
        if outcome.last_failure is None:
            break
        probes = _probes(context, part.name, jobs)
        # Without another record to ask for, an outage cannot be ruled out. The records count as
        # tried nevertheless: otherwise a connection whose only records cannot be delivered would
        # stop with this error in every sync.
        if not probes:
            yield _failures(failed)
        _check(task, probes, outcome.last_failure)
    concerning_one = {external_id: about_one(error) for external_id, error in failed.items()}
    for failure in _failures(concerning_one):
        yield [failure]


def _ask_in_bulk(
    task: Task,
    jobs: Sequence[Sequence[str]],
) -> Generator[list[Answered], None, list[str]]:
    """Ask for jobs of several ids; yield the answers, and return the ids that got none."""
    outcome = yield from _ask(task, jobs)
    unanswered = [*outcome.failed]
    # A refusal breaks off at the first job, and the others need not be asked for one at a time.
    if is_refusal(outcome.last_failure) and outcome.left:
        probes = _probes(task.context, task.part.name, outcome.left)
        _check(task, probes, outcome.last_failure)
        outcome = yield from _ask(task, outcome.left)
        unanswered += outcome.failed
    return [*unanswered, *chain.from_iterable(outcome.left)]


def _check(
    task: Task,
    probes: Iterable[str],
    failure: FitglueError | None,
) -> None:
    """Raise a failure, unless the source delivers another record.

    Raises:
        FitglueError: The failure, or that of a probe which concerns every request.
    """
    if _delivers_any(task, probes):
        task.is_accepted = True
    elif failure is not None:
        raise failure


def _failures(failed: Mapping[str, FitglueError]) -> list[Answered]:
    answers = []
    for external_id, error in failed.items():
        answers.append(Answered(external_id, error))
    return answers


def _probes(
    context: SyncContext,
    part: str,
    jobs: Sequence[Sequence[str]],
) -> list[str]:
    """Return a few ids that show whether the source is down.

    Records whose part was delivered before are the best ones: if the source does not deliver them
    either, it is down. If no record has the part yet, some records of the backlog are returned.
    """
    with context.database.read() as db:
        delivered = sample_with_part(db, context.connection_id, part, _MAX_PROBES)
    if delivered:
        return delivered
    # Evenly spread, beginning with the oldest one: the records that failed are the newest, and what
    # makes them fail, such as a new kind of device, is likely to concern their neighbors too.
    waiting = [job[0] for job in jobs]
    step = max(len(waiting) // _MAX_PROBES, 1)
    return waiting[::-step][:_MAX_PROBES]


def _delivers_any(
    task: Task,
    ids: Iterable[str],
) -> bool:
    """Return whether the source answers for at least one of these ids.

    The answer is not stored. If its record is on the backlog, it is asked for again in its turn.

    Raises:
        FitglueError: A failure that every further request would meet too, such as a rate limit.
    """
    for external_id in ids:
        arguments = _arguments(task.context, task.part.name, [external_id])
        for _, item in task.context.plugin.iterate(HOOK, [arguments]):
            if not isinstance(item, FitglueError):
                if task.refute(item) is None:
                    return True
            elif concerns_all(item) and not is_refusal(item):
                raise item
    return False


def _arguments(
    context: SyncContext,
    part: PartName,
    ids: list[str],
) -> dict[str, Any]:
    return {
        "connection": context.view,
        "part": part.value,  # plain text, because the plugin copies it into its answers
        "ids": ids,
        "summaries": Summaries(context, ids),
    }


# -- a sequence of jobs ----------------------------------------------------------------------------


def _jobs(ids: Sequence[str], size: int) -> list[Sequence[str]]:
    jobs = []
    for start in range(0, len(ids), size):
        jobs.append(ids[start : start + size])
    return jobs


def _ask(
    task: Task,
    ids_of_jobs: Sequence[Sequence[str]],
) -> Generator[list[Answered], None, Outcome]:
    """Ask for jobs until several fail in a row, or one is refused; yield the answers and return how
    it ended.

    Some jobs may be in progress when the sequence is broken off. Their answers are lost, and their
    ids are among those that are left. If a failure concerns the whole connection, such as a rate
    limit, or may concern it, no further job begins, and the answers of those in progress are still
    yielded: they were paid for with requests.
    """
    jobs = [Job(ids) for ids in ids_of_jobs]
    asking = Asking(task, jobs)
    # ``closing`` stops the plugin's threads even if the consumer closes this generator early.
    with closing(_answers(task, jobs, asking)) as groups:
        for group in groups:
            taken, error = asking.take_group(group)
            if taken:
                yield taken
            if error is not None:
                raise error
            if asking.last_failure is not None:
                return Outcome(asking.failed, _unanswered(jobs), asking.last_failure)
    # Raised without the failures so far, which may have the same cause.
    if asking.fatal is not None:
        raise asking.fatal
    if asking.refusal is not None:
        return Outcome(asking.failed, _unanswered(jobs), asking.refusal)
    # ``fitglue_fetch`` must answer for each id, at least with the reason why there is no part. A
    # missing answer is an error: it must never be taken for a deletion.
    for job in jobs:
        for external_id in job.waiting:
            what = f"nothing about {external_id!r}"
            asking.failed[external_id] = task.context.plugin.refuse(HOOK, what)
    return Outcome(asking.failed)


def _unanswered(jobs: Iterable[Job]) -> list[Sequence[str]]:
    """Return the ids of each job that have not been answered yet."""
    unanswered: list[Sequence[str]] = []
    for job in jobs:
        if job.waiting:
            unanswered.append(job.waiting)
    return unanswered


def _answers(
    task: Task,
    jobs: Sequence[Job],
    asking: Asking,
) -> Generator[list[tuple[int, list[Answered] | FitglueError]], None, None]:
    """Yield pairs that arrive together: the number of a job, and a batch of its answers or the
    error that ended it.

    A job that has not begun when a failure is fatal does not begin.
    """
    context = task.context
    part = task.part

    def batches(items: Iterator[Part | Unavailable]) -> Iterator[list[Answered]]:
        # The hook is called when the first of the items is taken.
        if asking.begins_no_job:
            return iter(())
        return in_batches(items, part.name.value, task.derive, max_items)

    # A heavy part takes a worker process a second or more. One at a time, each is stored as soon as
    # it is done, and a killed sync has little to repeat.
    max_items = 1 if part.heavy else _MAX_BATCH
    yield from context.plugin.iterate_in_groups(
        HOOK,
        [_arguments(context, part.name, list(job.ids)) for job in jobs],
        most=1 if part.heavy else _STORED_TOGETHER,
        lanes=context.lanes,
        then=batches,
        weigh=weight_of,
    )
