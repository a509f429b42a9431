"""Runs the steps of one sync of one connection, in an order that allows it to stop at any moment.

For a service, the steps are: list the windows that are due, confirm vanished records by id, fetch
the parts that are wanted, and retry the quarantine. For files, they are: read the places that are
new or have changed, and retry the quarantine. Each step takes its work from the store, so a sync
that was killed leaves a backlog, and the next sync processes it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import (
    AthleteNeeded,
    ConnectionStopped,
    FitglueError,
    KeyUnavailable,
    StoreFailed,
)
from fitglue_registry.model.stored import (
    ConnectionState,
    PartName,
    RunDecision,
    RunKind,
    RunOutcome,
)
from fitglue_registry.plugin_api import Window
from fitglue_registry.store.connections import get_connection, update_connection
from fitglue_registry.store.json_text import json_text
from fitglue_registry.store.known_elsewhere import count_new_and_known
from fitglue_registry.store.remarks import count_new_with_remarks
from fitglue_registry.store.runs import RunLog
from fitglue_registry.sync.deriving.quarantine import retry_quarantine
from fitglue_registry.sync.events import (
    Event,
    Events,
    SyncFinished,
    SyncScope,
    SyncStarted,
    SyncStopped,
)
from fitglue_registry.sync.fetching.again import want_again
from fitglue_registry.sync.fetching.backlog import announce_backlog
from fitglue_registry.sync.fetching.confirming import Confirmation, reported_as_held
from fitglue_registry.sync.fetching.doubts import LISTED_BUT_GONE
from fitglue_registry.sync.fetching.in_turn import fetch_in_turn
from fitglue_registry.sync.fetching.parts import PartQueue
from fitglue_registry.sync.fetching.suspects import settle_suspects
from fitglue_registry.sync.listing.due import Lister
from fitglue_registry.sync.listing.rehearse_deletions import rehearse_deletions
from fitglue_registry.sync.lock import lock_of
from fitglue_registry.sync.reading.read_files import read_files
from fitglue_registry.sync.run import Run

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.registry import EntryPart
    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.options import Options


def sync_connection(
    context: SyncContext,
    options: Options,
) -> Events:
    """Sync one connection, and yield events while it works.

    Closing the iterator stops the sync after its current step; what was stored stays.

    Args:
        context: The connection, and what the work on it needs.
        options: What to sync.

    Yields:
        The events. The last one is ``SyncFinished`` or ``SyncStopped``.

    Raises:
        Busy: Another process is syncing this connection.
        StoreFailed: The lock file cannot be created, or the end of the run cannot be stored. Other
            failures of the store are reported by ``SyncStopped``.
    """
    with lock_of(context):
        yield from _Sync(context, options).run()


class _Sync:
    """One sync, which holds the lock of its connection."""

    def __init__(
        self,
        context: SyncContext,
        options: Options,
    ) -> None:
        log = RunLog(
            context.athlete_id,
            context.connection_id,
            RunKind.SYNC,
            context.now,
            _options_of_log(options, context.choices),
        )
        self._context = context
        self._options = options
        self._run = Run(context, log)
        self._lister = Lister(self._run, options)

    def run(self) -> Events:
        started = time.monotonic()
        # The outcome stays STOPPED if the caller closes the iterator or presses Ctrl-C, or if an
        # unexpected exception passes through.
        outcome = RunOutcome.STOPPED
        error: FitglueError | None = None
        try:
            yield from self._steps()
            outcome = RunOutcome.COMPLETE
        except FitglueError as failure:
            outcome = RunOutcome.FAILED
            error = failure
        finally:
            self._end(outcome, error)
        seconds = time.monotonic() - started
        yield self._last_event(error, seconds)

    def _steps(self) -> Events:
        if self._context.entry.reads_files:
            yield from self._steps_of_files()
        else:
            yield from self._steps_of_service()

    def _steps_of_files(self) -> Events:
        yield SyncStarted(
            self._context.name,
            self._scope(),
            self._options.dry_run,
            reads_files=True,
            paths=tuple(map(str, self._context.paths)),
        )
        if self._context.has_places:
            yield from read_files(self._run, self._options)
        if not self._options.dry_run:
            yield from retry_quarantine(self._run)

    def _scope(self) -> SyncScope:
        if self._context.connection.last_checked_at is None:
            return SyncScope.FIRST
        return SyncScope.WALK

    def _steps_of_service(self) -> Events:
        # Before anything is listed: what vanishes in this run was never shown to the athlete.
        if self._options.confirm_deletions:
            self._run.confirmed.update(reported_as_held(self._context))
        yield from self._lister.list_due()
        if self._options.dry_run:
            yield from rehearse_deletions(self._run)
            return
        if self._options.confirm_deletions:
            yield from self._lister.list_held()
        confirmation = Confirmation(self._run)
        # Before the backlog is fetched: this takes a request for each vanished record, while the
        # backlog of a first sync can take an hour.
        yield from confirmation.settle()
        parts = [part for part in self._context.entry.parts if self._is_fetched(part)]
        want_again(self._context, parts)
        yield from announce_backlog(self._context, parts)
        queues = []
        for part in parts:
            queues.append(PartQueue(self._run, part, self._window_to_ask_in(part)))
        yield from fetch_in_turn(queues, self._fetch)
        yield from settle_suspects(self._run, self._lister.list_again)
        # If the list does not reveal deletions, a fetch that was answered with 404 marks its record
        # as missing. Those records are confirmed now, and not only by the next sync.
        yield from confirmation.settle()
        yield from retry_quarantine(self._run)

    def _fetch(self, queue: PartQueue, limit: int) -> Generator[Event, None, bool]:
        try:
            return (yield from queue.fetch(limit))
        except ConnectionStopped as error:
            # Either the address of the part has moved, or many records were deleted.
            if error.code != LISTED_BUT_GONE or not self._run.suspects:
                raise
            suspects = frozenset(self._run.suspects)
            yield from settle_suspects(self._run, self._lister.list_again)
            if not suspects.isdisjoint(self._run.listed):
                raise
            return (yield from queue.fetch(limit))

    def _is_fetched(
        self,
        part: EntryPart,
    ) -> bool:
        if part.comes_from != "fetch" or self._choice(part) is False:
            return False
        return self._options.streams or part.name != PartName.STREAMS

    def _choice(
        self,
        part: EntryPart,
    ) -> bool | None:
        """Return whether the athlete wants a part, or ``None`` if the entry decides."""
        choice = self._options.choice(part.option)
        if choice is None:
            choice = self._context.choices.get(part.option or "")
        return choice

    def _window_to_ask_in(
        self,
        part: EntryPart,
    ) -> Window | None:
        """Return the window in which to look for records that have never been asked for a part.

        ``None`` means that only the backlog is fetched. The listing puts a default part on the
        backlog together with each new record, so older records lack it only if the entry has gained
        the part since. Looking for them takes a query over the whole history, which is why only a
        full walk does it. A part that the athlete has chosen is looked for by each sync: the choice
        may be new, or the sync that followed it may have been stopped.
        """
        due = self._choice(part) is True
        if part.default and not due:
            due = self._lister.walk_at is not None
        return Window(self._options.since, self._options.until) if due else None

    def _end(
        self,
        outcome: RunOutcome,
        error: FitglueError | None,
    ) -> None:
        if self._options.dry_run:
            return
        now = self._context.now
        # Without a request, nobody can have rejected anything: another process may have the key, or
        # the disk, that this one lacks.
        was_asked = self._context.view.requests > 0
        changes = _connection_after(outcome, error, now, was_asked=was_asked)
        # The outcome and the moment of the last check are stored together. A process that is killed
        # before this commit leaves a run without an outcome, and the connection keeps the moment of
        # its last complete check.
        with self._context.database.write() as db:
            error_parts = None if error is None else error.as_dict()
            self._run.log.end(db, now, outcome, error_parts)
            is_rejected = changes.get("state") == ConnectionState.CREDENTIALS_REJECTED
            if changes and not (is_rejected and self._is_key_renewed(db)):
                update_connection(db, self._context.connection_id, **changes)

    def _is_key_renewed(
        self,
        db: Db,
    ) -> bool:
        """Return whether the key was renewed since this sync began.

        Otherwise the end of a slow sync with the old key would mark the new one as rejected.
        """
        connected = get_connection(db, self._context.connection_id)
        # A token that this sync has renewed belongs to the key with which the sync began.
        own = self._context.view.renewed_ref() or self._context.connection.secret_ref
        return connected is None or connected.secret_ref != own

    def _last_event(
        self,
        error: FitglueError | None,
        seconds: float,
    ) -> Event:
        name = self._context.name
        counts = self._run.log.counts
        requests = self._context.view.requests
        if error is not None:
            return SyncStopped(name, error, counts, requests, seconds, self._known())
        return SyncFinished(
            name,
            counts,
            requests,
            seconds,
            self._note(),
            self._remarks(),
            self._known(),
        )

    def _remarks(self) -> int:
        run_id = self._run.log.id
        if run_id is None:
            return 0
        with self._context.database.read() as db:
            return count_new_with_remarks(db, run_id)

    def _known(self) -> int:
        run_id = self._run.log.id
        if run_id is None or not self._run.log.counts.get(RunDecision.NEW):
            return 0
        try:
            with self._context.database.read() as db:
                return count_new_and_known(db, run_id, self._context.connection_id)
        # What has stopped the sync may be the store itself, and that error is reported.
        except StoreFailed:
            return 0

    def _note(self) -> str | None:
        horizon = self._context.connection.horizon
        if self._lister.walk_at is not None:
            horizon = self._lister.horizon
        if horizon is None:
            return None
        return (
            f"the history before {horizon} is left out; "
            f"`fitglue sync {self._context.name} --full` includes it"
        )


def _options_of_log(options: Options, choices: Mapping[str, bool]) -> dict[str, Any]:
    """Return the options in the form that ``fg_runs.options`` keeps."""
    plain: dict[str, Any] = {}
    if options.since is not None:
        plain["since"] = options.since.isoformat()
    if options.until is not None:
        plain["until"] = options.until.isoformat()
    plain["full"] = options.full
    plain["streams"] = options.streams
    files = options.choice("files")
    plain["files"] = choices.get("files", False) if files is None else files
    if options.confirm_deletions:
        plain["confirm_deletions"] = True
    return plain


def _connection_after(
    outcome: RunOutcome,
    error: FitglueError | None,
    now: str,
    *,
    was_asked: bool,
) -> dict[str, str | None]:
    """Return the columns of the connection that the end of a sync changes."""
    if outcome == RunOutcome.COMPLETE:
        return {
            "last_checked_at": now,
            "state": ConnectionState.OK,
            "state_error": None,
        }
    if error is None:  # stopped by the user, which says nothing about the connection
        return {}
    changes: dict[str, str | None] = {"state_error": json_text(error.as_dict())}
    # The state belongs to the error. After another one, such as an outage, nobody knows whether a
    # key that was rejected before is still rejected: the next sync simply tries again.
    is_rejected = isinstance(error, AthleteNeeded) and not isinstance(error, KeyUnavailable)
    changes["state"] = ConnectionState.OK
    if is_rejected and was_asked:
        changes["state"] = ConnectionState.CREDENTIALS_REJECTED
    return changes
