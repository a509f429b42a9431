"""Runs the pipelines of an athlete: offers what has changed, decides about it, and sends it.

Everything can be killed at any moment. What was decided is stored together with the intent to send,
and what was being sent is looked up by the next run.
"""

from __future__ import annotations

import secrets
from collections import Counter
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from fitglue_registry.errors import Busy, FitglueError
from fitglue_registry.matching.remembering import remember_sent
from fitglue_registry.model.stored import RunKind, RunOutcome
from fitglue_registry.pipeline.events import (
    DeliveryChanged,
    PipelineEvent,
    PipelineFinished,
    PipelineHeld,
    SentTwice,
)
from fitglue_registry.pipeline.isolation import stops_the_run
from fitglue_registry.pipeline.offering import read_changes
from fitglue_registry.pipeline.sending import Sender
from fitglue_registry.services.pipelines.building import StoredBuilder
from fitglue_registry.services.pipelines.deciding import Decider, number_of
from fitglue_registry.services.pipelines.destinations import PluginDestination, open_destination
from fitglue_registry.services.pipelines.opened import OpenedPipeline, open_pipelines
from fitglue_registry.services.pipelines.subjects import SubjectLoader
from fitglue_registry.services.reading import Activities
from fitglue_registry.store.deliveries import delivery_of, due_deliveries, plan, planned_at
from fitglue_registry.store.offers import decide, decide_in_part, first_waiting, waiting_offers
from fitglue_registry.store.runs import Decision, RunLog
from fitglue_registry.sync.lock import Work, lock_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.deliveries import DeliveryRow
    from fitglue_registry.store.offers import Offer
    from fitglue_registry.workspace import Workspace

    Events = Iterator[PipelineEvent]

#: Key of one destination of one pipeline.
_Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run does.

    Attributes:
        pipeline_id: Only this pipeline; ``None`` for all of them.
        all_synced: Whether every connection was synced just now, so that no copy is missing.
    """

    pipeline_id: str | None = None
    all_synced: bool = False


def run_pipelines(
    workspace: Workspace,
    athlete_id: str,
    scope: Scope | None = None,
) -> Events:
    """Run the pipelines of an athlete while the iterator is consumed.

    Args:
        workspace: The workspace.
        athlete_id: The athlete.
        scope: What the run does; the default is what is due in all pipelines.

    Yields:
        What was decided and sent, and at the end of each pipeline that did anything its
            ``PipelineFinished``.

    Raises:
        Busy: FG-pipelines-running if another process is running the pipelines of the athlete.
        StoreFailed: The store cannot be read or written.
    """
    opened = open_pipelines(workspace, athlete_id)
    for name, error in opened.failures.items():
        yield PipelineHeld(name, error)
    if not opened.pipelines:
        return
    with (
        _lock(workspace, athlete_id),
        closing(_Run(workspace, athlete_id, dict(opened.pipelines), scope or Scope())) as run,
    ):
        yield from run.events()


@contextmanager
def _lock(workspace: Workspace, athlete_id: str) -> Iterator[None]:
    """Hold the lock of the pipelines of an athlete."""
    digest = blake2b(athlete_id.encode(), digest_size=8).hexdigest()
    work = Work(
        f"pipelines-{digest}",
        "the pipelines",
        workspace.now,
        RunKind.PIPELINE,
    )
    with ExitStack() as stack:
        try:
            stack.enter_context(lock_for(workspace.database, workspace.home, work))
        except Busy as error:
            raise Busy(
                "FG-pipelines-running",
                "another process is running the pipelines now",
                why=error.why,
                fix="there is nothing to do: it sends what is due",
            ) from error
        yield


class _Run:
    """One run over the pipelines of an athlete."""

    def __init__(
        self,
        workspace: Workspace,
        athlete_id: str,
        opened: dict[str, OpenedPipeline],
        scope: Scope,
    ) -> None:
        self._workspace = workspace
        self._athlete_id = athlete_id
        self._opened = opened
        self._scope = scope
        self._loader = SubjectLoader(workspace, Activities(workspace), athlete_id)
        builder = StoredBuilder(workspace, self._loader, opened)
        self._sender = Sender(workspace.database, workspace.clock, builder, self._remember)
        self._counts: dict[str, Counter[str]] = {}
        # Id of a pipeline → how many new activities are history for it.
        self._history: Counter[str] = Counter()
        self._destinations: dict[_Place, PluginDestination] = {}
        self._blocked: set[_Place] = set()
        self._began = workspace.now

    def close(self) -> None:
        """Close the sessions of the destinations, and store what each pipeline did."""
        for destination in self._destinations.values():
            destination.close()
        self._store_runs()

    def events(self) -> Events:
        """Do everything that is due, and yield what happens."""
        yield from self._read()
        for opened in self._chosen():
            yield from self._decide(opened)
        yield from self._send()
        yield from self._finished()

    def _chosen(self) -> list[OpenedPipeline]:
        """Return the pipelines that this run takes care of."""
        chosen = []
        for opened in self._opened.values():
            is_meant = self._scope.pipeline_id in (None, opened.row.id)
            if is_meant and opened.row.is_active:
                chosen.append(opened)
        return chosen

    # -- what has changed --------------------------------------------------------------------------

    def _read(self) -> Events:
        """Offer what has changed to every pipeline, also to those that are paused."""
        documents = {name: opened.pipeline for name, opened in self._opened.items()}
        is_complete = False
        while not is_complete:
            now = self._workspace.clock.now()
            with self._workspace.database.write() as db:
                read = read_changes(db, self._athlete_id, documents, now)
            is_complete = read.is_complete
            self._history.update(read.history)
            for row in read.twice:
                yield self._twice(row)

    def _twice(self, row: DeliveryRow) -> SentTwice:
        with self._workspace.database.read() as db:
            kept = delivery_of(db, row.pipeline_id, row.destination, row.activity_id)
            number = number_of(db, row.activity_id)
        receipts = [known.receipt or {} for known in (row, kept) if known]
        urls = tuple(dict.fromkeys(receipt["url"] for receipt in receipts if receipt.get("url")))
        return SentTwice(self._name(row), row.destination, number, urls)

    # -- deciding ----------------------------------------------------------------------------------

    def _decide(self, opened: OpenedPipeline) -> Events:
        """Decide about every activity that is due in one pipeline."""
        waits_for_sync = opened.pipeline.wait_s is None
        due_before = self._workspace.now
        with self._workspace.database.read() as db:
            is_due = None if waits_for_sync and self._scope.all_synced else due_before
            offered = waiting_offers(db, opened.row.id, is_due)
        if not offered:
            return
        decider = Decider(self._workspace, self._loader, opened)
        for error in decider.held:
            yield PipelineHeld(opened.row.name, error)
        for offer in offered if decider.targets else ():
            yield from self._one(opened, decider, offer)

    def _one(
        self,
        opened: OpenedPipeline,
        decider: Decider,
        offer: Offer,
    ) -> Events:
        """Decide about one activity, and store it together with what is to be sent."""
        decision = decider.decide(offer.activity_id, again=offer.again)
        passage = decision.passage
        if passage is None:
            # It waits until what is damaged is repaired; the others go on.
            yield decision.event
            return
        now = self._workspace.now
        with self._workspace.database.write() as db:
            version = opened.row.version
            # With a destination that cannot be found, the offer stays.
            store = decide_in_part if decider.held else decide
            if not store(db, offer, version, passage.steps, now):
                return
            for planned in passage.planned:
                plan(
                    db,
                    opened.row.id,
                    self._athlete_id,
                    offer.activity_id,
                    planned,
                    now,
                    _new_external_id(),
                )
        self._count(opened.row.id, "planned" if passage.planned else "not sent")
        yield decision.event

    # -- sending -----------------------------------------------------------------------------------

    def _send(self) -> Events:
        """Take care of every delivery that is due, in the order in which they were planned."""
        now = self._workspace.now
        with self._workspace.database.read() as db:
            due = due_deliveries(db, self._athlete_id, now)
        if due:
            # Plugins are imported here, before any transaction, because other writers wait for it.
            self._loader.matcher()
        chosen = {opened.row.id for opened in self._chosen()}
        for row in due:
            place = (row.pipeline_id, row.destination)
            if row.pipeline_id not in chosen or place in self._blocked:
                continue
            yield from self._send_one(row, place)

    def _send_one(self, row: DeliveryRow, place: _Place) -> Events:
        try:
            destination = self._destination(row, place)
        except FitglueError as error:
            if stops_the_run(error):
                raise
            self._blocked.add(place)
            yield self._changed(row, error.what, error)
            return
        outcome = self._sender.take_care(row, destination)
        if outcome.blocks:
            self._blocked.add(place)
        self._count(row.pipeline_id, outcome.delivery.state)
        yield self._changed(outcome.delivery, outcome.what, outcome.error)

    def _destination(self, row: DeliveryRow, place: _Place) -> PluginDestination:
        if place not in self._destinations:
            self._destinations[place] = open_destination(self._workspace, row)
        return self._destinations[place]

    def _changed(
        self,
        row: DeliveryRow,
        what: str,
        error: FitglueError | None,
    ) -> DeliveryChanged:
        with self._workspace.database.read() as db:
            number = number_of(db, row.activity_id)
        return DeliveryChanged(
            self._name(row),
            row.destination,
            row.id,
            number,
            row.action,
            row.state,
            what,
            row.next_try_at,
            (row.receipt or {}).get("url"),
            error,
        )

    def _remember(
        self,
        db: Db,
        row: DeliveryRow,
        identities: Sequence[str],
    ) -> None:
        """Store the identities of a delivery that arrived, in the same transaction."""
        remember_sent(
            db,
            self._loader.matcher(),
            row.athlete_id,
            row.id,
            identities,
            self._workspace.now,
        )

    # -- the end -----------------------------------------------------------------------------------

    def _finished(self) -> Events:
        for opened in self._chosen():
            with self._workspace.database.read() as db:
                waiting, waiting_until = first_waiting(db, opened.row.id)
                planned, next_try_at = planned_at(db, opened.row.id)
            counts = dict(self._counts.get(opened.row.id, {}))
            history = self._history[opened.row.id]
            if counts or waiting or planned or history:
                yield PipelineFinished(
                    opened.row.name,
                    counts,
                    waiting,
                    waiting_until,
                    planned,
                    next_try_at,
                    history,
                )

    def _store_runs(self) -> None:
        """Write a run for each pipeline that did anything."""
        if not self._counts:
            return
        now = self._workspace.now
        with self._workspace.database.write() as db:
            for pipeline_id, counts in self._counts.items():
                opened = self._opened[pipeline_id]
                options = {"pipeline": opened.row.name, "version": opened.row.version}
                run = RunLog(self._athlete_id, None, RunKind.PIPELINE, self._began, options)
                for what, count in counts.items():
                    run.decide(db, now, [Decision(what.replace(" ", "-"))] * count)
                run.end(db, now, RunOutcome.COMPLETE)

    def _count(self, pipeline_id: str, what: str) -> None:
        self._counts.setdefault(pipeline_id, Counter())[str(what)] += 1

    def _name(self, row: DeliveryRow) -> str:
        opened = self._opened.get(row.pipeline_id)
        return opened.row.name if opened else row.pipeline_id


def _new_external_id() -> str:
    """Return a new id for a destination. It is random, so no two stores share one."""
    return f"fitglue-{secrets.token_hex(12)}"
