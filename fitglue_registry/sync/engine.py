"""One sync of one connection: list, confirm what vanished, fetch what is wanted, newest first;
resumable after any instruction.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import AthleteNeeded, FitglueError
from fitglue_registry.model.stored import ConnectionState, PartName, RunKind, RunOutcome
from fitglue_registry.plugin_api import Window
from fitglue_registry.store.connections import update_connection
from fitglue_registry.store.json_text import json_text
from fitglue_registry.store.runs import RunLog
from fitglue_registry.sync.deriving.quarantine import retry_quarantine
from fitglue_registry.sync.events import Event, Events, SyncFinished, SyncStopped
from fitglue_registry.sync.fetching.confirming import confirm_missing
from fitglue_registry.sync.fetching.parts import fetch_part
from fitglue_registry.sync.listing.due import Lister
from fitglue_registry.sync.lock import lock_of
from fitglue_registry.sync.run import Run

if TYPE_CHECKING:
    from fitglue_registry.registry import EntryPart
    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.options import Options


def sync_connection(context: SyncContext, options: Options) -> Events:
    """Sync one connection, an event at a time; the last is ``SyncFinished`` or ``SyncStopped``.

    Raises ``Busy`` where another process syncs it, ``StoreFailed`` where the store fails. Closing
    the iterator stops after the step at hand, and nothing that was stored is lost.
    """
    with lock_of(context):
        yield from _Sync(context, options).run()


class _Sync:
    """One sync, from its lock to its last event."""

    def __init__(self, context: SyncContext, options: Options) -> None:
        connected = context.connected
        log = RunLog(
            connected.athlete_id,
            connected.id,
            RunKind.SYNC,
            context.now,
            _options_of_log(options),
        )
        self._context = context
        self._options = options
        self._run = Run(context, log)
        self._lister = Lister(self._run, options)

    def run(self) -> Events:
        started = time.monotonic()
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
        yield from self._lister.list_due()
        if self._options.dry_run:
            return
        asked = yield from confirm_missing(self._run)
        for part in self._context.entry.parts:
            if self._is_fetched(part):
                yield from fetch_part(self._run, part, self._window_to_ask_in(part))
        yield from confirm_missing(self._run, asked)  # what a fetch did not find
        yield from retry_quarantine(self._run)

    def _is_fetched(self, part: EntryPart) -> bool:
        if part.comes_from != "fetch":
            return False
        return self._options.streams or part.name != PartName.STREAMS

    def _window_to_ask_in(self, part: EntryPart) -> Window | None:
        """Where to look for records that were never asked for a part; ``None``: what was fetched
        before is kept up to date.

        A part that comes by itself is wanted with each new row of a listing, so only a walk looks
        whether the entry has a new one: that look goes through the whole history.
        """
        if part.default:
            due = self._lister.walk_at is not None
        else:
            due = self._options.wants(part.option, default=False)
        return Window(self._options.since, self._options.until) if due else None

    def _end(self, outcome: RunOutcome, error: FitglueError | None) -> None:
        if self._options.dry_run:
            return
        now = self._context.now
        changes = _connection_after(outcome, error, now)
        with self._context.database.write() as db:
            told = None if error is None else error.as_dict()
            self._run.log.end(db, now, outcome, told)
            if changes:
                update_connection(db, self._context.connection_id, **changes)

    def _last_event(self, error: FitglueError | None, seconds: float) -> Event:
        name = self._context.name
        counts = self._run.log.counts
        requests = self._context.view.requests
        if error is not None:
            return SyncStopped(name, error, counts, requests, seconds)
        return SyncFinished(name, counts, requests, seconds, self._note())

    def _note(self) -> str | None:
        horizon = self._context.connected.horizon
        if self._lister.walk_at is not None:
            horizon = self._lister.horizon
        if horizon is None:
            return None
        return (
            f"the history before {horizon} is left out; "
            f"`fitglue sync {self._context.name} --full` takes it"
        )


def _options_of_log(options: Options) -> dict[str, Any]:
    """What was asked of a sync, as its run keeps it."""
    asked: dict[str, Any] = {}
    if options.since is not None:
        asked["since"] = options.since.isoformat()
    if options.until is not None:
        asked["until"] = options.until.isoformat()
    asked["full"] = options.full
    asked["streams"] = options.streams
    asked["files"] = options.files
    return asked


def _connection_after(
    outcome: RunOutcome,
    error: FitglueError | None,
    now: str,
) -> dict[str, str | None]:
    """What the end of a sync changes of its connection."""
    if outcome == RunOutcome.COMPLETE:
        return {
            "last_checked_at": now,
            "state": ConnectionState.OK,
            "state_error": None,
        }
    if error is None:
        return {}
    changes: dict[str, str | None] = {"state_error": json_text(error.as_dict())}
    if isinstance(error, AthleteNeeded):
        changes["state"] = ConnectionState.CREDENTIALS_REJECTED
    return changes
