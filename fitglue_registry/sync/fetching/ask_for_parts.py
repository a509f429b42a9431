"""Asks a plugin for one part of many records, and isolates the records that it fails for.

A job is a call of ``fitglue_fetch`` with one or several ids. Records that fail in a bulk job are
asked for one at a time. Several failures in a row may mean that the source is down. Then a few
other records are asked for, to distinguish an outage from records that the source cannot deliver.
An answer that contradicts what is known, such as "gone" about a record that is listed, is a failure
too: the address of the part may have moved. A key that is refused is checked in the same way at
once: some services answer with 401 or 403 about a record that is private or blocked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
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
from fitglue_registry.store.parts import excluded_parts_of, sample_with_part
from fitglue_registry.sync.fetching.answers import Answered, in_batches, weight_of
from fitglue_registry.sync.fetching.summaries import Summaries

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from fitglue_registry.model.stored import PartName
    from fitglue_registry.plugin_api import Part, Unavailable
    from fitglue_registry.registry import EntryPart
    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.fetching.answers import Derive

log = logging.getLogger(__name__)

#: After this many failed jobs in a row, the source may be down.
_FAILED_IN_A_ROW = 3
#: How many other records are asked for at most, to find out whether it is.
_MAX_PROBES = 3
#: Codes of errors that every further request would meet too.
_CODES_FOR_ALL = frozenset(
    {
        "FG-no-network",
        "FG-rate-limited",
        "FG-plugin-blocked",
        # Each of its calls would send thousands of requests.
        "FG-plugin-endless",
        "FG-session-closed",
    }
)
#: How many answers of one job are stored together. A heavy part is stored on its own.
_MAX_BATCH = 128
#: The answers of how many jobs are stored together, if they arrive together. A transaction for each
#: workout takes as long as its values. With more, all lanes would wait while they are stored: the
#: number of jobs that have begun and are not stored is limited.
_STORED_TOGETHER = 2
#: After these errors, the other calls of the plugin that are in progress are not waited for: they
#: may be blocked or endless as well, or their session is closed.
_NOT_WAITED_FOR = frozenset(("FG-plugin-blocked", "FG-plugin-endless", "FG-session-closed"))
#: Services answer in this way about a key, and some also about a record that the key must not see.
_REFUSALS = frozenset(("FG-key-rejected", "FG-not-permitted"))
_HOOK = "fitglue_fetch"

#: Returns the error for an answer that cannot be true, or ``None`` for any other.
Refute = Callable[["Part | Unavailable"], FitglueError | None]


def _believe(_: Part | Unavailable) -> None:
    return None


@dataclass(slots=True)
class _Task:
    """What to ask for, and what to do with each answer.

    Attributes:
        context: The connection.
        part: The part.
        derive: Called for each answer on the thread that received it.
        refute: Called for each answer; returns an error if it cannot be true.
        is_accepted: Whether the service delivered a record after it refused another one, so a
            refusal concerns its record and not the key.
    """

    context: SyncContext
    part: EntryPart
    derive: Derive
    refute: Refute
    is_accepted: bool = False


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
    task = _Task(context, part, derive, refute)
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
    concerning_one = {external_id: _about_one(error) for external_id, error in failed.items()}
    for failure in _failures(concerning_one):
        yield [failure]


def _ask_in_bulk(
    task: _Task,
    jobs: Sequence[Sequence[str]],
) -> Generator[list[Answered], None, list[str]]:
    """Ask for jobs of several ids; yield the answers, and return the ids that got none."""
    outcome = yield from _ask(task, jobs)
    unanswered = [*outcome.failed]
    # A refusal breaks off at the first job, and the others need not be asked for one at a time.
    if _is_refusal(outcome.last_failure) and outcome.left:
        probes = _probes(task.context, task.part.name, outcome.left)
        _check(task, probes, outcome.last_failure)
        outcome = yield from _ask(task, outcome.left)
        unanswered += outcome.failed
    return [*unanswered, *chain.from_iterable(outcome.left)]


def _check(
    task: _Task,
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


def _about_one(error: FitglueError) -> FitglueError:
    """Return the error of a record, which does not blame the key if it opens other records."""
    if not _is_refusal(error):
        return error
    return ConnectionStopped(
        error.code,
        "the service refuses it, although it accepts the key for other records",
        at=error.at,
        why=error.why,
        fix="look at this record at the service: it may be private, blocked or still processed",
    )


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
    task: _Task,
    ids: Iterable[str],
) -> bool:
    """Return whether the source answers for at least one of these ids.

    The answer is not stored. If its record is on the backlog, it is asked for again in its turn.

    Raises:
        FitglueError: A failure that every further request would meet too, such as a rate limit.
    """
    for external_id in ids:
        arguments = _arguments(task.context, task.part.name, [external_id])
        for _, item in task.context.plugin.iterate(_HOOK, [arguments]):
            if not isinstance(item, FitglueError):
                if task.refute(item) is None:
                    return True
            elif concerns_all(item) and not _is_refusal(item):
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


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How a sequence of jobs ended.

    Attributes:
        failed: The ids that got no answer, each with the error of its job.
        left: The ids of each job that was not finished.
        last_failure: The last of several failures in a row, which broke the sequence off; ``None``
            if it ran to its end.
    """

    failed: dict[str, FitglueError]
    left: list[Sequence[str]] = field(default_factory=list)
    last_failure: FitglueError | None = None


class _Job:
    """The ids of one call of the hook, and those of them that are still without an answer."""

    def __init__(
        self,
        ids: Sequence[str],
    ) -> None:
        self.ids = list(ids)
        self._waiting = dict.fromkeys(ids)

    @property
    def waiting(self) -> list[str]:
        """The ids that have not been answered yet."""
        return list(self._waiting)

    def fail(self) -> list[str]:
        """Give up the ids that have not been answered, and return them."""
        given_up = list(self._waiting)
        self._waiting.clear()
        return given_up

    def give_up(
        self,
        external_id: str,
    ) -> None:
        """Give up an id that has not been answered."""
        del self._waiting[external_id]

    def expects(
        self,
        answered: Answered,
    ) -> bool:
        """Return whether an answer is for an id that has not been answered yet."""
        return answered.external_id in self._waiting

    def take(
        self,
        answered: Answered,
    ) -> Answered:
        """Note that an id is answered, and return the answer after waiting for its promise."""
        del self._waiting[answered.external_id]
        if answered.pending is None:
            return answered
        return replace(
            answered,
            derived=answered.pending.result(),
            pending=None,
        )


def _ask(
    task: _Task,
    ids_of_jobs: Sequence[Sequence[str]],
) -> Generator[list[Answered], None, _Outcome]:
    """Ask for jobs until several fail in a row, or one is refused; yield the answers and return how
    it ended.

    Some jobs may be in progress when the sequence is broken off. Their answers are lost, and their
    ids are among those that are left. If a failure concerns the whole connection, such as a rate
    limit, or may concern it, no further job begins, and the answers of those in progress are still
    yielded: they were paid for with requests.
    """
    jobs = [_Job(ids) for ids in ids_of_jobs]
    asking = _Asking(task, jobs)
    # ``closing`` stops the plugin's threads even if the consumer closes this generator early.
    with closing(_answers(task, jobs, asking)) as groups:
        for group in groups:
            taken, error = asking.take_group(group)
            if taken:
                yield taken
            if error is not None:
                raise error
            if asking.last_failure is not None:
                return _Outcome(asking.failed, _unanswered(jobs), asking.last_failure)
    # Raised without the failures so far, which may have the same cause.
    if asking.fatal is not None:
        raise asking.fatal
    if asking.refusal is not None:
        return _Outcome(asking.failed, _unanswered(jobs), asking.refusal)
    # ``fitglue_fetch`` must answer for each id, at least with the reason why there is no part. A
    # missing answer is an error: it must never be taken for a deletion.
    for job in jobs:
        for external_id in job.waiting:
            what = f"nothing about {external_id!r}"
            asking.failed[external_id] = task.context.plugin.refuse(_HOOK, what)
    return _Outcome(asking.failed)


class _Asking:
    """What has become of a sequence of jobs so far.

    Attributes:
        failed: The ids that got no answer, each with the error of its job.
        last_failure: The last of several failures in a row, which break the sequence off.
        fatal: The first failure that concerns the whole connection.
        refusal: The first failure that may mean that the key is refused, if nothing contradicts it.
    """

    def __init__(
        self,
        task: _Task,
        jobs: Sequence[_Job],
    ) -> None:
        self.failed: dict[str, FitglueError] = {}
        self.last_failure: FitglueError | None = None
        self.fatal: FitglueError | None = None
        self.refusal: FitglueError | None = None
        self._task = task
        self._jobs = jobs
        self._failed_in_a_row = 0

    @property
    def begins_no_job(self) -> bool:
        """Whether no further job begins."""
        return self.fatal is not None or self.refusal is not None

    def take_group(
        self,
        group: Iterable[tuple[int, list[Answered] | FitglueError]],
    ) -> tuple[list[Answered], FitglueError | None]:
        """Return the answers that arrived together, up to an error that must be raised at once."""
        taken: list[Answered] = []
        for number, item in group:
            job = self._jobs[number]
            if isinstance(item, FitglueError):
                error = self._take_failure(job, item)
            else:
                error = self._take_answers(job, item, taken)
            if error is not None:
                return taken, error
            if self.last_failure is not None:
                break
        return taken, None

    def _take_failure(self, job: _Job, failure: FitglueError) -> FitglueError | None:
        """Give up what a failed job has not answered, or return the error to be raised at once."""
        _log_failure(self._task.part.name, job, failure)
        if _is_refusal(failure):
            if not self._task.is_accepted:
                self.refusal = self.refusal or failure
        elif concerns_all(failure):
            self.fatal = self.fatal or failure
            if failure.code in _NOT_WAITED_FOR:
                return self.fatal
        if self.fatal is not None:
            return None
        self.failed.update(dict.fromkeys(job.fail(), failure))
        self._count(self._failed_in_a_row + 1, failure)
        return None

    def _take_answers(
        self,
        job: _Job,
        batch: Sequence[Answered],
        taken: list[Answered],
    ) -> FitglueError | None:
        """Add the answers of a batch to ``taken``, up to the first one that nobody asked for.

        Returns:
            FG-plugin-answer for that one. A part under the wrong id would be stored with the wrong
            workout.
        """
        refuted: dict[str, FitglueError] = {}
        for answered in batch:
            assert not isinstance(answered.item, FitglueError)
            what = _complaint(self._task.context, self._task.part.name, answered, job)
            if what is not None:
                return self._task.context.plugin.refuse(_HOOK, what)
            error = self._task.refute(answered.item)
            if error is None:
                taken.append(job.take(answered))
            else:
                job.give_up(answered.external_id)
                refuted[answered.external_id] = error
        self.failed.update(refuted)
        # A bulk answer that is right about some of its records shows that the source is up.
        is_all_wrong = bool(refuted) and len(refuted) == len(batch)
        if is_all_wrong:
            self._count(self._failed_in_a_row + len(refuted), [*refuted.values()][-1])
        else:
            self._failed_in_a_row = 0
        return None

    def _count(self, failed_in_a_row: int, failure: FitglueError) -> None:
        self._failed_in_a_row = failed_in_a_row
        if failed_in_a_row >= _FAILED_IN_A_ROW and self.fatal is None:
            self.last_failure = failure


def _unanswered(jobs: Iterable[_Job]) -> list[Sequence[str]]:
    """Return the ids of each job that have not been answered yet."""
    unanswered: list[Sequence[str]] = []
    for job in jobs:
        if job.waiting:
            unanswered.append(job.waiting)
    return unanswered


def _answers(
    task: _Task,
    jobs: Sequence[_Job],
    asking: _Asking,
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
        _HOOK,
        [_arguments(context, part.name, list(job.ids)) for job in jobs],
        most=1 if part.heavy else _STORED_TOGETHER,
        lanes=context.lanes,
        then=batches,
        weigh=weight_of,
    )


def _complaint(
    context: SyncContext,
    part: str,
    answered: Answered,
    job: _Job,
) -> str | None:
    """Return what is wrong with an answer, as the end of a sentence; ``None`` if nothing is."""
    assert not isinstance(answered.item, FitglueError)
    if not job.expects(answered):
        return f"for {answered.external_id!r}, which was not asked for or is already answered"
    if answered.item.part != part:
        return (
            f"for {answered.external_id!r} with the part {answered.item.part!r}, which was not "
            f"asked for, and no {part} of it after that"
        )
    fetched = {known.name for known in context.entry.parts if known.comes_from == "fetch"}
    names = [other.part for other in answered.others]
    if not fetched.issuperset(names) or len(set(names)) < len(names):
        return f"for {answered.external_id!r} with parts that the entry does not fetch, or twice"
    return _excluded(context, answered) if names else None


def _excluded(context: SyncContext, answered: Answered) -> str | None:
    """Return what is wrong if an answer has a part that the row in the list says not to exist."""
    with context.database.read() as db:
        excluded = excluded_parts_of(db, context.connection_id, answered.external_id)
    for other in answered.others:
        if other.part in excluded:
            return (
                f"for {answered.external_id!r} with the part {other.part!r}, which its row in the "
                "list says not to exist (without)"
            )
    return None


def _log_failure(
    part: str,
    job: _Job,
    error: FitglueError,
) -> None:
    # Unanswered ids are reported to the athlete as decisions. Only an error after the last answer
    # would be reported nowhere else.
    level = logging.INFO if job.waiting else logging.WARNING
    log.log(
        level,
        "%d of %d requested %s were not answered: %s",
        len(job.waiting),
        len(job.ids),
        part,
        error,
    )


def _is_refusal(error: FitglueError | None) -> bool:
    """Return whether a failure says that the key is refused, for everything or for one record."""
    return isinstance(error, AthleteNeeded) and error.code in _REFUSALS


def concerns_all(error: FitglueError) -> bool:
    """Return whether a failure concerns the whole connection, not only the ids of its job."""
    if isinstance(error, AthleteNeeded) or error.code in _CODES_FOR_ALL:
        return True
    # The source asked for a pause with Retry-After, which holds for every request.
    if isinstance(error, Retryable) and error.retry_after_s:
        return True
    return not isinstance(error, Retryable | ConnectionStopped | PluginFailed)
