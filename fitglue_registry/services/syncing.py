"""Syncs connections, derives their records again, and retries the records in quarantine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import Busy, FitglueError, StoreFailed, UserMistake
from fitglue_registry.registry.part_options import choices_in, with_choices
from fitglue_registry.services.argument_types import checks_arguments
from fitglue_registry.services.boosting import run_used_boosters
from fitglue_registry.services.connected_entries import only_sends
from fitglue_registry.services.connecting.first import FIRST_CONNECT
from fitglue_registry.services.local_paths import roots_of
from fitglue_registry.services.plugin_view import PluginViews
from fitglue_registry.store.raw_parts import RawStore
from fitglue_registry.store.runs import last_runs
from fitglue_registry.sync.context import SyncContext
from fitglue_registry.sync.deriving.quarantine import retry_connection
from fitglue_registry.sync.deriving.rebuild import rebuild_connection
from fitglue_registry.sync.engine import sync_connection
from fitglue_registry.sync.events import SyncStopped
from fitglue_registry.sync.options import Options
from fitglue_registry.sync.storage import Storage
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fitglue_registry.registry import Entry
    from fitglue_registry.services.connecting.connections import Connections
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.sync.events import Event
    from fitglue_registry.sync.upload import Upload
    from fitglue_registry.workspace import Workspace

    ConnectionList = list[ConnectionRow]


@checks_arguments
class Syncs:
    """Runs over the records of connections, one connection after the other."""

    def __init__(
        self,
        workspace: Workspace,
        connections: Connections,
    ) -> None:
        self._workspace = workspace
        self._connections = connections
        self._views = PluginViews(workspace)

    def sync(
        self,
        name: str | None = None,
        athlete: str = ME,
        options: Options | None = None,
    ) -> Iterator[Event]:
        """Sync one connection, or all connections of an athlete.

        The sync runs while the iterator is consumed. Closing the iterator stops it cleanly: what is
        stored stays stored, and the next sync continues.

        Args:
            name: A connection, see ``Connections.get``; ``None`` syncs all of them.
            athlete: The athlete.
            options: What to sync; the default is everything that is due.

        Yields:
            The events of ``fitglue_registry.services.events``, in the order in which things happen.
            If a connection cannot continue, its last event is ``SyncStopped``, and the next
            connection starts.

        Raises:
            UserMistake: FG-no-connection, FG-connection-unknown or FG-options-conflict.
            Busy: FG-sync-running if ``name`` is being synced by another process.
            StoreFailed: The store cannot be read or written.
        """
        chosen = options or Options()
        if chosen.full and (chosen.since or chosen.until):
            raise UserMistake(
                "FG-options-conflict",
                "--full cannot be combined with --since or --until",
                why="--full lists the whole history, --since and --until only a part of it",
                fix="use either --full, or --since and --until",
            )
        yield from self._each(name, athlete, lambda context: self._sync(context, chosen))

    def remember(
        self,
        options: Options,
        name: str | None = None,
        athlete: str = ME,
    ) -> ConnectionList:
        """Keep the choice of ``options.files`` as a setting, which later syncs need not repeat.

        It is kept for each connection whose source has this option. Nothing is kept of a dry run,
        or if the options name only some days. The days from which a first sync begins are kept
        themselves, so those are no exception.

        Args:
            options: The options of a sync.
            name: A connection, see ``Connections.get``; ``None`` means all of them.
            athlete: The athlete.

        Returns:
            The connections that have changed.

        Raises:
            UserMistake: FG-connection-unknown.
        """
        changed = []
        for connected in self._chosen(name, athlete):
            source = self._workspace.catalogue.find("source", connected.source)
            if source is None or not _changes_files(source, connected, options):
                continue
            if self._connections.choose(connected.id, {"files": options.files}, athlete):
                changed.append(connected)
        return changed

    def rebuild(
        self,
        name: str | None = None,
        athlete: str = ME,
    ) -> Iterator[Event]:
        """Derive all activities again from the stored raw parts, without the network.

        Args:
            name: A connection; ``None`` rebuilds all of them.
            athlete: The athlete.

        Yields:
            Events as in ``sync``, with a ``Decided`` event for each record that changed.

        Raises:
            UserMistake: FG-no-connection or FG-connection-unknown.
            Busy: FG-sync-running if ``name`` is being synced.
            StoreFailed: The store cannot be read or written.
        """
        yield from self._each(name, athlete, rebuild_connection)

    def retry_quarantine(
        self,
        athlete: str = ME,
    ) -> Iterator[Event]:
        """Try to understand every record in quarantine again.

        Args:
            athlete: The athlete.

        Yields:
            Events as in ``sync``, with a ``Decided`` event for each record.

        Raises:
            UserMistake: FG-no-connection.
            StoreFailed: The store cannot be read or written.
        """
        yield from self._each(None, athlete, retry_connection)

    def wait(
        self,
        seconds: float,
    ) -> None:
        """Wait until the next sync, by the clock of the host, which a test may replace.

        Args:
            seconds: How long to wait.
        """
        self._workspace.clock.sleep(seconds)

    def runs(
        self,
        athlete: str = ME,
        limit: int = 10,
    ) -> list[dict[str, Any]]:
        """Return the newest runs of an athlete, newest first.

        Args:
            athlete: The athlete.
            limit: How many runs to return at most.

        Returns:
            Rows with ``id``, ``athlete_id``, ``connection_id``, ``kind``, ``started_at``,
            ``ended_at``, ``outcome``, ``host_version``, and ``counts``, ``options`` and ``error``
            as plain values.
        """
        with self._workspace.database.read() as db:
            return last_runs(db, athlete, limit)

    def _sync(
        self,
        context: SyncContext,
        options: Options,
    ) -> Iterator[Event]:
        self._views.permissions_of(context.entry).check_stored(context.connection.settings)
        yield from sync_connection(context, options)

    def _each(
        self,
        name: str | None,
        athlete: str,
        work: Callable[[SyncContext], Iterator[Event]],
    ) -> Iterator[Event]:
        chosen = self._chosen(name, athlete)
        if not chosen:
            what = "nothing is connected yet"
            if self._connections.list(athlete):
                what = "no source is connected yet, only what workouts are sent to"
            raise UserMistake("FG-no-connection", what, fix=FIRST_CONNECT)
        for connected in chosen:
            try:
                yield from work_on(self._workspace, connected, work)
            # If the store fails, every other connection would fail as well.
            except StoreFailed:
                raise
            except Busy as error:
                if name:
                    raise
                yield SyncStopped(connected.name, error)
            except FitglueError as error:
                yield SyncStopped(connected.name, error)

    def _chosen(
        self,
        name: str | None,
        athlete: str,
    ) -> list[ConnectionRow]:
        if not name:
            every = self._connections.list(athlete)
            return [connected for connected in every if not only_sends(connected)]
        connected = self._connections.get(name, athlete)
        if only_sends(connected):
            raise UserMistake(
                "FG-sends-only",
                f"{connected.name} is never synced, because workouts are only sent to it",
                fix="fitglue pipeline run NAME sends what is due",
            )
        return [connected]


def _changes_files(
    source: Entry,
    connected: ConnectionRow,
    options: Options,
) -> bool:
    """Return whether the options change what every sync of a connection fetches."""
    if options.files is None or options.dry_run or options.until is not None:
        return False
    # Without a full walk, `since` becomes the beginning of the history.
    if options.since is not None and connected.full_walk_at is not None:
        return False
    parts = with_choices(source, choices_in(source, connected.settings)).parts
    return any(part.option == "files" and part.default != options.files for part in parts)


def work_on(
    workspace: Workspace,
    connected: ConnectionRow,
    work: Callable[[SyncContext], Iterator[Event]],
    upload: Upload | None = None,
) -> Iterator[Event]:
    """Open what a run over a connection needs, run ``work``, and yield its events.

    Args:
        workspace: The workspace.
        connected: The connection.
        work: What to do with it.
        upload: The content that is read instead of the paths of the connection, if it is one.
    """
    views = PluginViews(workspace)
    source = workspace.catalogue.get("source", connected.source)
    choices = choices_in(source, connected.settings)
    source = with_choices(source, choices)
    # Before the view is opened, so that a missing plugin leaves nothing open.
    workspace.plugins.load(source)
    http = views.http_of(source)
    view = views.of(connected, source)
    if upload is not None:
        # A cache would keep the name of each upload, and no path is ever seen twice.
        view = replace(view, cache=upload.folder)
    context = SyncContext(
        workspace.database,
        # One for each run. A dictionary that another run has trained, and not committed yet, would
        # be lost if that run is rolled back, together with what this one has packed with it.
        RawStore(workspace.blobs),
        workspace.plugins,
        workspace.matcher(),
        workspace.clock,
        workspace.home,
        source,
        connected,
        view,
        workspace.workers,
        workspace.policy.quotas,
        Storage(workspace.policy.quotas.stored_bytes, connected.athlete_id),
        # A source without HTTP reads files, where parallel requests gain nothing.
        lanes=http.connections if http else 1,
        choices=choices,
        upload=upload,
        # The folder of an upload is removed after it, and is nobody's business.
        paths=() if upload is not None else roots_of(workspace.catalogue, connected),
        has_places=upload is not None or views.permissions_of(source).has_places(view.settings),
    )
    try:
        yield from work(context)
    finally:
        view.close()
    # Only after the last transaction of the run: a booster may take long.
    run_used_boosters(workspace, connected.athlete_id)
