"""Decides which windows of a connection are due, and lists and stores them.

These are the whole history (the first full walk or a later one), the remaining windows of a full
walk that was stopped, or only the newest days. No bookmark on the recording date exists: a workout
may be uploaded or edited long after it was recorded, so each sync lists a window that overlaps what
was listed before, and a full walk finds what is older than that.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fitglue_registry.model.stored import RecordState
from fitglue_registry.plugin_api import Split, Window
from fitglue_registry.store.connections import update_connection
from fitglue_registry.store.records import records_in_state
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


#: How far the clock of a service may be behind ours.
_CLOCKS_DIFFER = timedelta(days=1)


class Lister:
    """Lists the windows of one connection that are due in one run."""

    def __init__(
        self,
        run: Run,
        options: Options,
    ) -> None:
        self._run = run
        self._context = run.context
        self._connection = run.context.connection
        self._rules = run.context.entry.sync
        self._options = options
        #: When the full walk began that this run starts or resumes; ``None`` for other runs.
        self.walk_at: str | None = None
        self._listed: list[Window] = []

    @property
    def horizon(self) -> date | None:
        """The first day of the history that is synced; ``None`` for all of it."""
        if self._options.full:
            return None
        return self._options.since or self._connection.horizon

    def list_due(self) -> Events:
        """List and store every window that is due, and yield events."""
        options = self._options
        pending = self._pending()
        # full_walk_at is the only bookmark. It moves when the last window of a full walk is stored.
        # As long as it is null, the history has gaps, so a sync begins or resumes a full walk.
        is_first = self._connection.full_walk_at is None
        asks_for_more = options.full or options.since or options.dry_run
        # Days that were named are listed in addition: neither the plan of a full walk nor its date
        # changes.
        if options.until or (options.since and not is_first):
            window = Window(options.since, options.until)
            yield from self._list_one(SyncScope.WINDOW, window)
        # A plan that is left over is resumed, unless the options ask for another range. A dry run
        # stores nothing and so cannot take windows off the plan.
        elif pending and not asks_for_more:
            yield from self._resume(pending)
        elif is_first:
            yield from self._walk(SyncScope.FIRST)
        elif options.full or self._walk_is_due():
            yield from self._walk(SyncScope.WALK)
        else:
            overlap = self._overlap(since=self._connection.full_walk_at)
            yield from self._list_one(SyncScope.OVERLAP, overlap)

    def list_held(self) -> Events:
        """List the days of held records again, before the athlete's confirmation deletes them.

        The source may list them again since the last full walk.
        """
        with self._context.database.read() as db:
            held = records_in_state(db, self._connection.id, RecordState.HELD)
        days = []
        for record in held:
            if record.day is not None and not self._is_listed(record.day):
                days.append(record.day)
        if days:
            yield from self.list_again(Window(min(days), max(days)))

    def list_again(self, window: Window) -> Events:
        """List and store a window that is not due, to decide about records in it."""
        yield from self._list(window)

    def _is_listed(
        self,
        day: date,
    ) -> bool:
        return any(_covers(window, day) for window in self._listed)

    def _pending(self) -> list[PlannedWindow]:
        """Return the windows that are left of a full walk that was stopped."""
        with self._context.database.read() as db:
            return planned_windows(db, self._connection.id)

    def _walk_is_due(self) -> bool:
        days = self._rules.full_walk_days
        last = self._connection.full_walk_at
        if last is None or days is None:
            return False
        # The distance, not the age: if the clock was years ahead during the last full walk and has
        # been set right since, the next one would otherwise wait for years.
        walked_at = datetime.fromisoformat(last)
        distance = abs(self._context.clock.now() - walked_at)
        return distance >= timedelta(days=days)

    def _overlap(self, since: str | None) -> Window:
        """Return the window of the newest days, which every sync lists again, or of the changes.

        Most late uploads and edits concern recent workouts, so they arrive with the next sync and
        not only with the next full walk. The entry sets the number of days (``overlap_days``). The
        window has no end, because the next day may already have begun where the athlete is.

        If the source lists by change, all changes since the beginning of a full walk are listed.
        A moment of the last sync would have to be stored before its records, or could miss one.

        Args:
            since: When the last full walk began, or the one that is being resumed.
        """
        if self._rules.by_change and since is not None:
            # Our own clock may have been ahead during that walk and has been set right since.
            walked_at = min(datetime.fromisoformat(since), self._context.clock.now())
            return Window(self.horizon, None, walked_at - _CLOCKS_DIFFER)
        days = self._rules.overlap_days
        today = self._context.clock.now().date()
        oldest = today - timedelta(days=days)
        if self.horizon is not None:
            oldest = max(oldest, self.horizon)
        return Window(oldest, None)

    def _started(
        self,
        scope: SyncScope,
    ) -> SyncStarted:
        return SyncStarted(self._context.name, scope, self._options.dry_run)

    def _list_one(
        self,
        scope: SyncScope,
        window: Window,
    ) -> Events:
        yield self._started(scope)
        yield from self._list(window)

    def _resume(
        self,
        pending: Sequence[PlannedWindow],
    ) -> Events:
        """Resume a full walk that was stopped."""
        yield self._started(SyncScope.RESUMED)
        first = pending[0]
        self.walk_at = first.walk_at
        # The windows are listed newest first, so the newest ones may be stored already, and records
        # may have arrived in them since. If the first window is open, it includes the newest days.
        if first.window.newest is not None:
            overlap = self._overlap(since=first.walk_at)
            yield from self._list(overlap, left=len(pending))
        yield from self._list_planned(pending)

    def _walk(
        self,
        scope: SyncScope,
    ) -> Events:
        """Walk through the whole history, in the windows into which the plugin splits it."""
        yield self._started(scope)
        # The date of a full walk is its beginning: records that were listed first may change while
        # the others are listed.
        self.walk_at = self._context.now
        history = Window()
        items = ask_for_rows(self._context, history)
        rows = []
        for item in items:
            if isinstance(item, Split):
                windows = list(_clipped(item.windows, self.horizon))
                yield from self._walk_through(windows)
                return
            rows.append(item)
        # Without a Split, the plugin has listed the whole history, and one transaction stores it.
        listed = ListedWindow(history, rows, walk_done=self.walk_at)
        yield from self._store(listed)

    def _walk_through(
        self,
        windows: Sequence[Window],
    ) -> Events:
        if self._options.dry_run:
            yield from self._list_all(windows)
        else:
            planned = self._plan(windows)
            yield from self._list_planned(planned)

    def _plan(
        self,
        windows: Sequence[Window],
    ) -> list[PlannedWindow]:
        """Store the windows of a full walk, so that it can be resumed wherever it is stopped."""
        assert self.walk_at is not None
        connection_id = self._context.connection_id
        horizon = None
        if self.horizon is not None:
            horizon = self.horizon.isoformat()
        # The plan and the horizon are stored together. If the process dies between them, the next
        # sync would resume a clipped plan and, once it is done, take the history for complete.
        with self._context.database.write() as db:
            plan_windows(db, connection_id, self.walk_at, windows)
            update_connection(db, connection_id, horizon=horizon)
            # The history is empty, or all of it is before the horizon. No window will complete the
            # full walk, so it is complete now.
            if not windows:
                update_connection(db, connection_id, full_walk_at=self.walk_at)
            return planned_windows(db, connection_id)

    def _list_planned(
        self,
        pending: Sequence[PlannedWindow],
    ) -> Events:
        left = len(pending)
        for planned in pending:
            left -= 1
            yield from self._list(planned.window, planned, left)

    def _list_all(
        self,
        windows: Sequence[Window],
    ) -> Events:
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
        """List one window and store it.

        Args:
            window: The days to list.
            planned: The row of the plan that this window completes, if it is part of a full walk.
            left: How many windows follow.
        """
        rows = rows_of(self._context, window)
        # The date of the full walk moves with its last window, in the same transaction. The windows
        # before it are stored by then, so the bookmark never gets ahead of the data.
        walk_done = None
        if planned is not None and left == 0:
            walk_done = self.walk_at
        listed = ListedWindow(window, rows, planned, walk_done, left)
        yield from self._store(listed)

    def _store(
        self,
        listed: ListedWindow,
    ) -> Events:
        self._listed.append(listed.window)
        yield from store_window(self._run, listed, dry_run=self._options.dry_run)


def _covers(
    window: Window,
    day: date,
) -> bool:
    if window.changed_since is not None:
        return False
    is_after = window.oldest is None or window.oldest <= day
    is_before = window.newest is None or day <= window.newest
    return is_after and is_before


def _clipped(windows: Iterable[Window], horizon: date | None) -> Iterator[Window]:
    """Yield the windows, without the days before the horizon."""
    for window in windows:
        if horizon is None:
            yield window
        elif window.newest is None or window.newest >= horizon:
            oldest = max(window.oldest or horizon, horizon)
            yield Window(oldest, window.newest)
