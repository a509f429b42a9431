"""Work on the records of connections: sync them, derive them again, retry those in quarantine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import Busy, FitglueError, StoreFailed, UserMistake
from fitglue_registry.services.plugin_view import PluginViews
from fitglue_registry.store.runs import RunLog, last_runs
from fitglue_registry.sync.context import Context, Options
from fitglue_registry.sync.deriving.deriver import Deriver
from fitglue_registry.sync.deriving.rebuild import rebuild_connection
from fitglue_registry.sync.engine import sync_connection
from fitglue_registry.sync.events import SyncStopped
from fitglue_registry.sync.fetching.parts import retry_quarantine
from fitglue_registry.sync.lock import connection_lock
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fitglue_registry.services.connecting import Connections
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.sync.events import Event
    from fitglue_registry.workspace import Workspace


class Syncs:
    """Runs that work on the records of connections, one connection after the other."""

    def __init__(self, workspace: Workspace, connections: Connections) -> None:
        self._workspace = workspace
        self._connections = connections

    def sync(
        self, name: str | None = None, athlete: str = ME, options: Options | None = None
    ) -> Iterator[Event]:
        """Sync one connection, or all of an athlete; yields typed events (``sync/events.py``).

        A connection that cannot go on ends with ``SyncStopped``, and the next one begins. Closing
        the iterator stops cleanly; nothing that is stored is lost.

        Raises ``UserMistake`` where there is no such connection and for options that contradict
        each other, ``StoreFailed`` where the store fails.
        """
        chosen = options or Options()
        if chosen.full and (chosen.since or chosen.until):
            raise UserMistake(
                "FG-options-conflict",
                "--full takes the whole history, --since and --until a part of it",
                fix="give one of them",
            )
        yield from self._each(name, athlete, lambda context: sync_connection(context, chosen))

    def rebuild(self, name: str | None = None, athlete: str = ME) -> Iterator[Event]:
        """Derive everything again from the raw parts, without the network; yields what changed."""
        yield from self._each(name, athlete, rebuild_connection)

    def retry_quarantine(self, athlete: str = ME) -> Iterator[Event]:
        """Try every record in quarantine again; yields the result of each."""
        yield from self._each(None, athlete, _retry)

    def runs(self, athlete: str = ME, limit: int = 10) -> list[dict[str, Any]]:
        """The newest runs of an athlete."""
        with self._workspace.database.read() as db:
            return last_runs(db, athlete, limit)

    def _each(
        self, name: str | None, athlete: str, work: Callable[[Context], Iterator[Event]]
    ) -> Iterator[Event]:
        chosen = self._chosen(name, athlete)
        if not chosen:
            raise UserMistake(
                "FG-no-connection", "there is no connection yet", fix="fitglue connect intervals"
            )
        for connected in chosen:
            try:
                yield from work_on(self._workspace, connected, work)
            except StoreFailed:
                raise
            except Busy as error:
                if name:
                    raise
                yield SyncStopped(connected.name, error)
            except FitglueError as error:
                yield SyncStopped(connected.name, error)

    def _chosen(self, name: str | None, athlete: str) -> list[ConnectionRow]:
        if name:
            return [self._connections.get(name, athlete)]
        return self._connections.list(athlete)


def work_on(
    workspace: Workspace, connected: ConnectionRow, work: Callable[[Context], Iterator[Event]]
) -> Iterator[Event]:
    """Do one work on a connection, with everything that it needs open; yields its events."""
    views = PluginViews(workspace)
    source = workspace.catalogue.get("source", connected.source)
    workspace.plugins.load(source)
    http = views.http_of(source)
    view = views.of(connected, source)
    context = Context(
        workspace.database,
        workspace.raws,
        workspace.plugins,
        Deriver(workspace.plugins),
        workspace.matcher(),
        workspace.clock,
        workspace.home,
        source,
        connected,
        view,
        http.connections if http else 1,
    )
    try:
        yield from work(context)
    finally:
        view.close()


def _retry(context: Context) -> Iterator[Event]:
    connected = context.connected
    with connection_lock(context.database, context.home, connected.id, connected.name, context.now):
        log = RunLog(connected.athlete_id, connected.id, "retry", context.now, {})
        yield from retry_quarantine(context, log, everything=True)
        with context.database.write() as db:
            log.end(db, context.now, "complete")
