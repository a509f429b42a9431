"""Asks a plugin for one part of many records: an answer for each id, or the failure that concerns
that id alone.
"""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from fitglue_registry.errors import (
    AthleteNeeded,
    ConnectionStopped,
    FitglueError,
    PluginFailed,
    Retryable,
)
from fitglue_registry.plugin_api import Part, Unavailable
from fitglue_registry.store.parts import sample_with_part
from fitglue_registry.sync.deriving.deriver import Derived
from fitglue_registry.sync.deriving.pool import Pending

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from fitglue_registry.registry import Part as PartEntry
    from fitglue_registry.sync.context import Context

    Derive = Callable[[Part | Unavailable], Derived | Pending | None]

log = logging.getLogger(__name__)

#: So many jobs may fail one after the other before it is looked into whether the source itself is
#: down, by so many records at most.
_FAILED_IN_A_ROW, _PROBES = 3, 3
_CONCERN_ALL = frozenset(
    {"FG-no-network", "FG-rate-limited", "FG-plugin-blocked", "FG-session-closed"}
)
#: Answers of one job are stored together, up to so many, or so many bytes.
_BATCH, _BATCH_BYTES = 128, 4_000_000


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one id, and what follows from it for its record."""

    external_id: str
    item: Part | Unavailable | FitglueError
    derived: Derived | None = None
    # In its place, while a worker is at it; nothing that ``ask_for`` gives is pending any more.
    pending: Pending | None = None


def ask_for(
    context: Context, part: PartEntry, ids: Sequence[str], derive: Derive
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
        yield from _stretch(context, part, jobs, failed, derive)
        jobs = _jobs([*failed, *chain.from_iterable(jobs)], 1)
        failed.clear()
    while jobs:
        failure = yield from _stretch(context, part, jobs, failed, derive)
        if failure is None:
            continue
        others = _others(context, part.name, jobs)
        if not others:  # nobody else can tell: it was a try of those records as well
            yield [Answered(external_id, error) for external_id, error in failed.items()]
        if not any(_is_delivered(context, part.name, external_id) for external_id in others):
            raise failure
    yield from ([Answered(external_id, error)] for external_id, error in failed.items())


def _others(context: Context, part: str, jobs: Sequence[Sequence[str]]) -> list[str]:
    """A few ids that can tell an outage from odd records: what was delivered before, or, of a part
    that never was, some of what waits.
    """
    with context.database.read() as db:
        held = sample_with_part(db, context.connected.id, part, _PROBES)
    waiting = [job[0] for job in jobs]
    return held or waiting[:: -max(len(waiting) // _PROBES, 1)][:_PROBES]


def _is_delivered(context: Context, part: str, external_id: str) -> bool:
    """Whether the source answers for this id.

    What it answers is not kept: what waits is asked for in its turn.
    """
    arguments = [{"connection": context.view, "part": part, "ids": [external_id]}]
    answers = context.plugins.iterate(
        context.entry,
        "fitglue_fetch",
        (Part, Unavailable),
        arguments,
        sign_of_life=context.view.sign_of_life,
    )
    return any(not isinstance(item, FitglueError) for _, item in answers)


def _jobs(ids: Sequence[str], size: int) -> list[Sequence[str]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def _stretch(
    context: Context,
    part: PartEntry,
    jobs: list[Sequence[str]],
    failed: dict[str, FitglueError],
    derive: Derive,
) -> Generator[list[Answered], None, FitglueError | None]:
    """Jobs until so many fail in a row: the last failure comes back then, and in ``jobs`` stays
    what was not answered yet.

    Of that, as many as there are lanes may be under way; they are asked for again.
    """
    waiting = [dict.fromkeys(job) for job in jobs]
    arguments = [{"connection": context.view, "part": part.name, "ids": list(job)} for job in jobs]
    most = 1 if part.heavy else _BATCH
    answers = context.plugins.iterate(
        context.entry,
        "fitglue_fetch",
        (Part, Unavailable),
        arguments,
        lanes=context.lanes,
        sign_of_life=context.view.sign_of_life,
        then=lambda items: _batches(items, derive, most),
        weigh=lambda batch: sum(map(_weight, batch)),
    )
    failed_in_a_row = 0
    with closing(answers):  # type: ignore[type-var]  # a generator
        for job, item in answers:
            if isinstance(item, FitglueError):
                # Of what is not answered, the athlete hears otherwise.
                level = logging.INFO if waiting[job] else logging.WARNING
                log.log(
                    level,
                    "of %d %s that were asked for, %d were not answered: %s",
                    len(jobs[job]),
                    part.name,
                    len(waiting[job]),
                    item,
                )
                if _concerns_all(item):
                    raise item
                failed.update(dict.fromkeys(waiting[job], item))
                waiting[job].clear()
                failed_in_a_row += 1
                if failed_in_a_row >= _FAILED_IN_A_ROW:
                    jobs[:] = [list(ids) for ids in waiting if ids]
                    return item
                continue
            held, refused = _hold(context, part.name, item, waiting[job])
            failed_in_a_row = 0
            if held:
                yield held
            if refused is not None:
                raise refused
    jobs.clear()
    for job_ids in waiting:
        failed.update(
            {
                external_id: context.plugins.refuse(
                    context.entry, "fitglue_fetch", f"nothing about {external_id!r}"
                )
                for external_id in job_ids
            }
        )
    return None


def _batches(
    items: Iterable[Part | Unavailable], derive: Derive, most: int
) -> Iterator[list[Answered]]:
    """The answers of one job, ``most`` at a time, with what is made of each; also those that came
    before the plugin failed.
    """
    batch: list[Answered] = []
    size = 0
    given = iter(items)
    while True:
        try:
            item = next(given)
        except StopIteration:
            break
        except BaseException:  # whatever it is: what was answered before counts
            if batch:
                yield batch
            raise
        batch.append(_answered(item, derive))
        size += _weight(batch[-1])
        if size > _BATCH_BYTES or len(batch) >= most:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _weight(answered: Answered) -> int:
    """The bytes that an answer holds: as they came, unpacked, and made into streams."""
    item, derived = answered.item, answered.derived
    bodies = len(item.content) + len(item.decoded or b"") if isinstance(item, Part) else 0
    return bodies + sum(len(one.blob or b"") for one in derived.prepared) if derived else bodies


def _answered(item: Part | Unavailable, derive: Derive) -> Answered:
    try:
        derived = derive(item)
        if isinstance(derived, Pending):
            return Answered(item.external_id, item, pending=derived)
        return Answered(item.external_id, item, derived)
    except BaseException as failure:  # noqa: BLE001 - raised where the answer is stored: on this thread, the plugin would be blamed
        return Answered(item.external_id, item, Derived([], failure=failure))


def _hold(
    context: Context, part: str, batch: Iterable[Answered], waiting: dict[str, None]
) -> tuple[list[Answered], FitglueError | None]:
    """The answers up to one that was not asked for, and the error that this one is."""
    held: list[Answered] = []
    for one in batch:
        assert not isinstance(one.item, FitglueError)
        if one.external_id not in waiting or one.item.part != part:
            refused = context.plugins.refuse(
                context.entry,
                "fitglue_fetch",
                f"for {one.external_id!r}, which was not asked or was answered already",
            )
            return held, refused
        del waiting[one.external_id]
        held.append(
            one if one.pending is None else replace(one, derived=one.pending.result(), pending=None)
        )
    return held, None


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
