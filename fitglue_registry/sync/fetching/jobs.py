"""Takes the answers of the calls of ``fitglue_fetch``: what they answer, and what ends them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError
from fitglue_registry.store.parts import excluded_parts_of
from fitglue_registry.sync.fetching.failures import concerns_all, is_refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fitglue_registry.plugin_api import Part, Unavailable
    from fitglue_registry.registry import EntryPart
    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.fetching.answers import Answered, Derive

log = logging.getLogger(__name__)

HOOK = "fitglue_fetch"
#: After this many failed jobs in a row, the source may be down.
_FAILED_IN_A_ROW = 3
#: After these errors, the other calls of the plugin that are in progress are not waited for: they
#: may be blocked or endless as well, or their session is closed.
_NOT_WAITED_FOR = frozenset(("FG-plugin-blocked", "FG-plugin-endless", "FG-session-closed"))

#: Returns the error for an answer that cannot be true, or ``None`` for any other.
Refute = Callable[["Part | Unavailable"], FitglueError | None]


@dataclass(slots=True)
class Task:
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


@dataclass(frozen=True, slots=True)
class Outcome:
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


class Job:
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


class Asking:
    """What has become of a sequence of jobs so far.

    Attributes:
        failed: The ids that got no answer, each with the error of its job.
        last_failure: The last of several failures in a row, which break the sequence off.
        fatal: The first failure that concerns the whole connection.
        refusal: The first failure that may mean that the key is refused, if nothing contradicts it.
    """

    def __init__(
        self,
        task: Task,
        jobs: Sequence[Job],
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

    def _take_failure(self, job: Job, failure: FitglueError) -> FitglueError | None:
        """Give up what a failed job has not answered, or return the error to be raised at once."""
        _log_failure(self._task.part.name, job, failure)
        if is_refusal(failure):
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
        job: Job,
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
                return self._task.context.plugin.refuse(HOOK, what)
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


def _complaint(
    context: SyncContext,
    part: str,
    answered: Answered,
    job: Job,
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
    job: Job,
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
