"""Work on the records of connections: sync them, derive them again, retry those in quarantine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import Busy, FitglueError, StoreFailed, UserMistake
from fitglue_registry.services.plugin_view import PluginViews
from fitglue_registry.store.runs import last_runs
from fitglue_registry.sync.context import SyncContext
from fitglue_registry.sync.deriving.quarantine import retry_connection
from fitglue_registry.sync.deriving.rebuild import rebuild_connection
from fitglue_registry.sync.engine import sync_connection
from fitglue_registry.sync.events import SyncStopped
from fitglue_registry.sync.options import Options
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
        self,
        name: str | None = None,
        athlete: str = ME,
        options: Options | None = None,
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
        yield from self._each(None, athlete, retry_connection)

    def wait(self, seconds: float) -> None:
        """Let time pass until the next sync, by the clock of the host."""
        self._workspace.clock.sleep(seconds)

    def runs(self, athlete: str = ME, limit: int = 10) -> list[dict[str, Any]]:
        """The newest runs of an athlete."""
        with self._workspace.database.read() as db:
            return last_runs(db, athlete, limit)

    def _each(
        self,
        name: str | None,
        athlete: str,
        work: Callable[[SyncContext], Iterator[Event]],
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
    workspace: Workspace,
    connected: ConnectionRow,
    work: Callable[[SyncContext], Iterator[Event]],
) -> Iterator[Event]:
    """Do one work on a connection, with everything that it needs open; yields its events."""
    views = PluginViews(workspace)
    source = workspace.catalogue.get("source", connected.source)
    workspace.plugins.load(source)
    http = views.http_of(source)
    view = views.of(connected, source)
    context = SyncContext(
        workspace.database,
        workspace.raws,
        workspace.plugins,
        workspace.matcher(),
        workspace.clock,
        workspace.home,
        source,
        connected,
        view,
        lanes=http.connections if http else 1,
        import_processes=workspace.import_processes,
    )
    try:
        yield from work(context)
    finally:
        view.close()
