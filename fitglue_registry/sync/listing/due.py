"""Lists the windows of a connection that are due: the first walk, a later one, what is left of one
that was stopped, or the newest days.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fitglue_registry.plugin_api import Split, Window
from fitglue_registry.store.connections import update_connection
from fitglue_registry.store.windows import plan_windows, planned_windows
from fitglue_registry.sync.events import Events, SyncScope, SyncStarted
from fitglue_registry.sync.listing.ask_for_rows import ask_for_rows, rows_of
from fitglue_registry.sync.listing.window import ListedWindow, store_window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from fitglue_registry.store.windows import PlannedWindow
    from fitglue_registry.sync.options import Options
    from fitglue_registry.sync.run import Run


class Lister:
    """Lists what is due of one connection in one run, window by window."""

    def __init__(self, run: Run, options: Options) -> None:
        self._run = run
        self._context = run.context
        self._connected = run.context.connected
        self._rules = run.context.entry.sync
        self._options = options
        #: When the walk began that this run is at, or ``None``.
        self.walk_at: str | None = None

    @property
    def horizon(self) -> date | None:
        """The day before which the history is left out."""
        if self._options.full:
            return None
        return self._options.since or self._connected.horizon

    def list_due(self) -> Events:
        """List and store every window that is due."""
        options = self._options
        pending = self._pending()
        is_first = self._connected.full_walk_at is None
        asks_for_more = options.full or options.since or options.dry_run
        if options.until or (options.since and not is_first):
            window = Window(options.since, options.until)
            yield from self._list_one(SyncScope.WINDOW, window)
        elif pending and not asks_for_more:
            yield from self._resume(pending)
        elif is_first:
            yield from self._walk(SyncScope.FIRST)
        elif options.full or self._walk_is_due():
            yield from self._walk(SyncScope.WALK)
        else:
            yield from self._list_one(SyncScope.OVERLAP, self._overlap())

    def _pending(self) -> list[PlannedWindow]:
        """What is left of a walk that was stopped."""
        with self._context.database.read() as db:
            return planned_windows(db, self._connected.id)

    def _walk_is_due(self) -> bool:
        days = self._rules.full_walk_days
        last = self._connected.full_walk_at
        if last is None or days is None:
            return False
        # Also where the last one lies ahead, by a clock that was wrong then: else the next would be
        # years away.
        walked_at = datetime.fromisoformat(last)
        distance = abs(self._context.clock.now() - walked_at)
        return distance >= timedelta(days=days)

    def _overlap(self) -> Window:
        """The newest days, which are listed each time."""
        days = self._rules.overlap_days
        today = self._context.clock.now().date()
        oldest = today - timedelta(days=days)
        if self.horizon is not None:
            oldest = max(oldest, self.horizon)
        return Window(oldest, None)

    def _started(self, scope: SyncScope) -> SyncStarted:
        return SyncStarted(self._connected.name, scope, self._options.dry_run)

    def _list_one(self, scope: SyncScope, window: Window) -> Events:
        yield self._started(scope)
        yield from self._list(window)

    def _resume(self, pending: Sequence[PlannedWindow]) -> Events:
        """Go on with a walk that was stopped; what is newer than its first windows comes with the
        overlap.
        """
        yield self._started(SyncScope.RESUMED)
        first = pending[0]
        self.walk_at = first.walk_at
        if first.window.newest is not None:
            overlap = self._overlap()
            yield from self._list(overlap, left=len(pending))
        yield from self._list_planned(pending)

    def _walk(self, scope: SyncScope) -> Events:
        """Through the whole history: the plugin is asked once, and says in which windows it wants
        to be asked.
        """
        yield self._started(scope)
        self.walk_at = self._context.now
        whole = Window()
        items = ask_for_rows(self._context, whole)
        rows = []
        for item in items:
            if isinstance(item, Split):
                windows = list(_clipped(item.windows, self.horizon))
                yield from self._walk_through(windows)
                return
            rows.append(item)
        listed = ListedWindow(whole, rows, walk_done=self.walk_at)
        yield from self._store(listed)

    def _walk_through(self, windows: Sequence[Window]) -> Events:
        if self._options.dry_run:
            yield from self._list_all(windows)
        else:
            planned = self._plan(windows)
            yield from self._list_planned(planned)

    def _plan(self, windows: Sequence[Window]) -> list[PlannedWindow]:
        """Write down the windows of a walk, which is then resumed wherever it is stopped."""
        assert self.walk_at is not None
        connection_id = self._connected.id
        horizon = None
        if self.horizon is not None:
            horizon = self.horizon.isoformat()
        with self._context.database.write() as db:
            plan_windows(db, connection_id, self.walk_at, windows)
            update_connection(db, connection_id, horizon=horizon)
            if not windows:
                update_connection(db, connection_id, full_walk_at=self.walk_at)
            return planned_windows(db, connection_id)

    def _list_planned(self, pending: Sequence[PlannedWindow]) -> Events:
        left = len(pending)
        for planned in pending:
            left -= 1
            yield from self._list(planned.window, planned, left)

    def _list_all(self, windows: Sequence[Window]) -> Events:
        left = len(windows)
        for window in windows:
            left -= 1
            yield from self._list(window, left=left)

    def _list(
        self,
        window: Window,
        planned: PlannedWindow | None = None,
        left: int = 0,
    ) -> Events:
        rows = rows_of(self._context, window)
        walk_done = None
        if planned is not None and left == 0:
            walk_done = self.walk_at
        listed = ListedWindow(window, rows, planned, walk_done, left)
        yield from self._store(listed)

    def _store(self, listed: ListedWindow) -> Events:
        yield from store_window(self._run, listed, dry_run=self._options.dry_run)


def _clipped(windows: Iterable[Window], horizon: date | None) -> Iterator[Window]:
    """What of these windows is not older than the horizon."""
    for window in windows:
        if horizon is None:
            yield window
        elif window.newest is None or window.newest >= horizon:
            oldest = max(window.oldest or horizon, horizon)
            yield Window(oldest, window.newest)
