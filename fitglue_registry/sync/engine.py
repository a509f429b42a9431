"""One sync of one connection: list, confirm what vanished, fetch what is wanted, newest first;
resumable after any instruction.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fitglue_registry.errors import AthleteNeeded, FitglueError
from fitglue_registry.plugin_api import Listing, Split, Window
from fitglue_registry.store.connections import update_connection
from fitglue_registry.store.json_text import json_text
from fitglue_registry.store.runs import RunLog
from fitglue_registry.store.windows import plan_windows, planned_windows
from fitglue_registry.sync import events
from fitglue_registry.sync.fetching.confirming import confirm_missing
from fitglue_registry.sync.fetching.parts import fetch_part, retry_quarantine
from fitglue_registry.sync.listing.window import ListedWindow, store_window
from fitglue_registry.sync.lock import connection_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from fitglue_registry.registry import Part
    from fitglue_registry.store.windows import PlannedWindow
    from fitglue_registry.sync.context import Context, Options

log = logging.getLogger(__name__)

#: So often may a plugin split a window into pieces, and a piece into smaller ones.
_DEEPEST_SPLIT = 3


def sync_connection(context: Context, options: Options) -> Iterator[events.Event]:
    """Sync one connection, an event at a time; the last is ``SyncFinished`` or ``SyncStopped``.

    Raises ``Busy`` where another process syncs it, ``StoreFailed`` where the store fails. Closing
    the iterator stops after the step at hand, and nothing that was stored is lost.
    """
    connected = context.connected
    with connection_lock(context.database, context.home, connected.id, connected.name, context.now):
        yield from _Sync(context, options).run()


class _Sync:
    """The state of one run."""

    def __init__(self, context: Context, options: Options) -> None:
        self._context, self._options = context, options
        self._name = context.connected.name
        self._walk_at: str | None = None
        asked = {
            "since": options.since,
            "until": options.until,
            "full": options.full,
            "streams": options.streams,
            "files": options.files,
        }
        shown = {
            name: value.isoformat() if hasattr(value, "isoformat") else value
            for name, value in asked.items()
            if value is not None
        }
        self._log = RunLog(
            context.connected.athlete_id, context.connected.id, "sync", context.now, shown
        )

    def run(self) -> Iterator[events.Event]:
        started = time.monotonic()
        outcome, error = "stopped", None
        try:
            yield from self._steps()
            outcome = "complete"
        except FitglueError as failure:
            outcome, error = "failed", failure
        finally:
            self._end(outcome, error)
        seconds, requests = time.monotonic() - started, self._context.view.requests
        if error is not None:
            yield events.SyncStopped(self._name, error, self._log.counts, requests, seconds)
        else:
            yield events.SyncFinished(self._name, self._log.counts, requests, seconds, self._note())

    def _steps(self) -> Iterator[events.Event]:
        yield from self._list_everything_due()
        if self._options.dry_run:
            return
        asked: set[str] = set()
        yield from confirm_missing(self._context, self._log, asked)
        for part in self._context.entry.parts:
            if part.comes_from == "fetch" and (part.name != "streams" or self._options.streams):
                yield from fetch_part(self._context, self._log, part, self._to_be_asked_for(part))
        yield from confirm_missing(self._context, self._log, asked)  # what a fetch did not find
        yield from retry_quarantine(self._context, self._log)

    def _to_be_asked_for(self, part: Part) -> Window | None:
        """Where to look for records that were never asked for a part; ``None``: what was fetched
        before is kept up to date.

        A part that comes by itself is wanted with each new row of a listing, so only a walk looks
        whether the entry has a new one: that look goes through the whole history.
        """
        due = (
            self._walk_at is not None
            if part.default
            else self._options.wants(part.option, default=False)
        )
        return Window(self._options.since, self._options.until) if due else None

    def _end(self, outcome: str, error: FitglueError | None) -> None:
        if self._options.dry_run:
            return
        context = self._context
        with context.database.write() as db:
            self._log.end(db, context.now, outcome, error.as_dict() if error else None)
            if outcome == "complete":
                update_connection(
                    db,
                    context.connected.id,
                    last_checked_at=context.now,
                    state="ok",
                    state_error=None,
                )
            elif isinstance(error, AthleteNeeded):
                state = "credentials-rejected"
                update_connection(
                    db, context.connected.id, state=state, state_error=json_text(error.as_dict())
                )
            elif error is not None:
                update_connection(db, context.connected.id, state_error=json_text(error.as_dict()))

    def _note(self) -> str | None:
        horizon = self._horizon() if self._walk_at else self._context.connected.horizon
        return (
            f"the history before {horizon} is left out; `fitglue sync {self._name} --full` takes it"
            if horizon
            else None
        )

    # -- which windows -----------------------------------------------------------------------------

    def _list_everything_due(self) -> Iterator[events.Event]:
        connected, options = self._context.connected, self._options
        with self._context.database.read() as db:
            pending = planned_windows(db, connected.id)
        first = connected.full_walk_at is None
        if (options.since or options.until) and (options.until or not first):
            yield from self._list_window("window", Window(options.since, options.until))
        elif pending and not (options.full or options.since or options.dry_run):
            yield from self._resume(pending)
        elif first or options.full or self._walk_is_due():
            yield from self._walk("first" if first else "walk")
        else:
            yield from self._list_window("overlap", self._overlap())

    def _walk_is_due(self) -> bool:
        days, last = self._context.entry.sync.full_walk_days, self._context.connected.full_walk_at
        if last is None or days is None:
            return False
        # Also where the last one lies ahead, by a clock that was wrong then: else the next would be
        # years away.
        return abs(self._context.clock.now() - datetime.fromisoformat(last)) >= timedelta(days=days)

    def _overlap(self) -> Window:
        oldest = self._context.clock.now().date() - timedelta(
            days=self._context.entry.sync.overlap_days
        )
        return Window(max(oldest, self._horizon() or oldest), None)

    def _horizon(self) -> date | None:
        if self._options.full:
            return None
        return self._options.since or self._context.connected.horizon

    def _resume(self, pending: list[PlannedWindow]) -> Iterator[events.Event]:
        """Go on with a walk that was stopped; what is newer than its first windows comes with the
        overlap.
        """
        yield events.SyncStarted(self._name, "resumed")
        self._walk_at = pending[0].walk_at
        if pending[0].window.newest is not None:
            yield from self._list(self._overlap(), None, len(pending))
        yield from self._list_planned(pending)

    def _walk(self, how: str) -> Iterator[events.Event]:
        """Through the whole history: the plugin is asked once, and says in which windows it wants
        to be asked.
        """
        yield events.SyncStarted(self._name, how, self._options.dry_run)
        self._walk_at = self._context.now
        listing = self._ask(Window())
        first = next(listing, None)
        if not isinstance(first, Split):
            rows = [item for item in (first, *listing) if isinstance(item, Listing)]
            yield from self._store(ListedWindow(Window(), rows, complete=True), None, 0)
            return
        planned = [
            window
            for window in (_clip(window, self._horizon()) for window in first.windows)
            if window
        ]
        if self._options.dry_run:
            for position, window in enumerate(planned):
                yield from self._list(window, None, len(planned) - position - 1)
            return
        with self._context.database.write() as db:
            horizon = self._horizon()
            plan_windows(db, self._context.connected.id, self._walk_at, planned)
            update_connection(
                db, self._context.connected.id, horizon=horizon.isoformat() if horizon else None
            )
            if not planned:
                update_connection(db, self._context.connected.id, full_walk_at=self._walk_at)
            pending = planned_windows(db, self._context.connected.id)
        yield from self._list_planned(pending)

    def _list_planned(self, pending: list[PlannedWindow]) -> Iterator[events.Event]:
        for position, planned in enumerate(pending):
            yield from self._list(planned.window, planned, len(pending) - position - 1)

    def _list_window(self, how: str, window: Window) -> Iterator[events.Event]:
        yield events.SyncStarted(self._name, how, self._options.dry_run)
        yield from self._list(window, None, 0)

    # -- one window --------------------------------------------------------------------------------

    def _list(
        self, window: Window, planned: PlannedWindow | None, left: int
    ) -> Iterator[events.Event]:
        rows: dict[str, Listing] = {}
        for row in self._rows(window, _DEEPEST_SPLIT):
            rows.setdefault(row.external_id, row)
        yield from self._store(
            ListedWindow(window, list(rows.values()), complete=False), planned, left
        )

    def _rows(self, window: Window, depth: int) -> Iterator[Listing]:
        """A window that is still too much is listed in the pieces that the plugin asks for, whose
        seams may show a row twice.
        """
        for item in self._ask(window):
            if isinstance(item, Listing):
                yield item
            elif depth == 0:
                raise self._context.plugins.refuse(
                    self._context.entry,
                    "fitglue_list",
                    "with a Split of what it split again and again",
                )
            else:
                for piece in item.windows:
                    yield from self._rows(piece, depth - 1)

    def _ask(self, window: Window) -> Iterator[Listing | Split]:
        context = self._context
        jobs = [{"connection": context.view, "window": window}]
        seen: set[str] = set()
        split = False
        kinds = (Listing, Split)
        for _, item in context.plugins.iterate(
            context.entry, "fitglue_list", kinds, jobs, sign_of_life=context.view.sign_of_life
        ):
            if isinstance(item, FitglueError):
                raise item
            if split or (isinstance(item, Split) and seen):
                raise context.plugins.refuse(
                    context.entry,
                    "fitglue_list",
                    "with a Split beside other items, which must stand alone",
                )
            if isinstance(item, Listing):
                self._hold(item, seen)
            else:
                split = True
            yield item

    def _hold(self, listing: Listing, seen: set[str]) -> None:
        """An external id is what a record is known by for ever: once a window."""
        context, external_id = self._context, listing.external_id
        if external_id in seen:
            raise context.plugins.refuse(
                context.entry, "fitglue_list", f"with {external_id!r} twice in one window"
            )
        seen.add(external_id)

    def _store(
        self, listed: ListedWindow, planned: PlannedWindow | None, left: int
    ) -> Iterator[events.Event]:
        walk_done = (
            self._walk_at if (listed.complete or (planned is not None and left == 0)) else None
        )
        yield from store_window(
            self._context,
            self._log,
            listed,
            planned,
            walk_done,
            left,
            dry_run=self._options.dry_run,
        )


def _clip(window: Window, horizon: date | None) -> Window | None:
    if horizon is None:
        return window
    if window.newest is not None and window.newest < horizon:
        return None
    return Window(max(window.oldest or horizon, horizon), window.newest)
