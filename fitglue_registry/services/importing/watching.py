"""Syncs a connection when complete files have appeared in its folders."""

from __future__ import annotations

import logging
import threading
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.errors import Busy, UserMistake
from fitglue_registry.services.importing.folder_watcher import (
    FolderWatcher,
    Timing,
    check_library,
)
from fitglue_registry.services.importing.unfinished import unfinished_files
from fitglue_registry.services.local_paths import roots_of
from fitglue_registry.sync.events import SyncStopped, Watching
from fitglue_registry.sync.options import Options
from fitglue_registry.sync.worker_limits import LISTING, WorkerDied
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fitglue_registry.services.connecting.connections import Connections
    from fitglue_registry.services.importing.unfinished import Unfinished
    from fitglue_registry.services.syncing import Syncs
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.sync.events import Event
    from fitglue_registry.workspace import Workspace

log = logging.getLogger(__name__)

#: Seconds after which a file is certainly older than the patience, whose clock has coarse steps.
_MARGIN_S = 0.1


@dataclass(frozen=True, slots=True)
class WatchedConnection:
    """A connection that reads files on this machine, with the paths that it reads."""

    connected: ConnectionRow
    roots: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _Watch:
    """A watch that goes on: what notices changes, for whom, and how long files may lack an end."""

    watcher: FolderWatcher
    athlete: str
    patience_s: float


class FolderSyncs:
    """Watches the files of connections, and syncs each connection when its files change."""

    def __init__(
        self,
        workspace: Workspace,
        connections: Connections,
        syncs: Syncs,
    ) -> None:
        self._workspace = workspace
        self._connections = connections
        self._syncs = syncs

    def watch(
        self,
        names: Sequence[str] = (),
        athlete: str = ME,
        stop: threading.Event | None = None,
        timing: Timing | None = None,
    ) -> Iterator[Event]:
        """Sync connections whenever their files change; see ``Imports.watch``."""
        check_library()
        if not self._watched(names, athlete):
            raise UserMistake(
                "FG-nothing-to-watch",
                "no connection reads files on this machine",
                fix="fitglue import FOLDER",
            )
        # Watching starts before the first sync, so that files that appear during it are noticed.
        timing = timing or Timing()
        with closing(FolderWatcher(self._workspace.home, timing)) as watcher:
            watch = _Watch(watcher, athlete, timing.patience_s)
            yield from self._follow(watch, names, stop or threading.Event())

    def _follow(
        self,
        watch: _Watch,
        names: Sequence[str],
        stop: threading.Event,
    ) -> Iterator[Event]:
        watcher = watch.watcher
        reported: dict[str, Watching] = {}
        changed: set[str] | None = None  # the first time, every connection is synced
        while not stop.is_set():
            # Read again each time, because another folder may have been imported, or a connection
            # removed.
            watched = self._watched(names, watch.athlete)
            watcher.watch({each.connected.id: each.roots for each in watched})
            for each in watched:
                connection_id = each.connected.id
                missing = watcher.missing(connection_id)
                report = Watching(
                    each.connected.name, tuple(map(str, each.roots)), tuple(map(str, missing))
                )
                # Reported at the start, and again only when a folder disappears or comes back.
                if reported.get(connection_id) != report:
                    reported[connection_id] = report
                    yield report
                is_due = changed is None or connection_id in changed
                if is_due and missing != each.roots:
                    yield from self._sync(watch, each)
            changed = watcher.wait(stop)

    def _sync(
        self,
        watch: _Watch,
        watched: WatchedConnection,
    ) -> Iterator[Event]:
        connected = watched.connected
        unfinished = self._unfinished(watched, watch.patience_s)
        if unfinished:
            # More data is noticed. Without any, the file is read as it is.
            age_s = max(file.age_s for file in unfinished)
            watch.watcher.look_later(connected.id, max(watch.patience_s - age_s, 0) + _MARGIN_S)
        options = Options(leave=frozenset(file.path for file in unfinished))
        try:
            # By id, because a name could also be that of an integration.
            yield from self._syncs.sync(connected.id, watch.athlete, options)
        except Busy:
            # The sync that is running may have listed the folder before the new file was there, so
            # the change must be reported again.
            watch.watcher.touch(connected.id, watched.roots[0])
        except UserMistake as error:
            yield SyncStopped(connected.name, error)

    def _unfinished(
        self,
        watched: WatchedConnection,
        patience_s: float,
    ) -> list[Unfinished]:
        """Return the files of a connection that a program is probably still writing."""
        work = self._workspace.workers().submit(
            unfinished_files,
            list(map(str, watched.roots)),
            patience_s,
            limits=LISTING,
        )
        try:
            found: list[Unfinished] = work.result()
        except WorkerDied as died:
            # The sync then reads the files as they are, each in a separate worker.
            log.warning("unfinished files were not looked for: %s", died.reason)
            return []
        return found

    def _watched(self, names: Sequence[str], athlete: str) -> list[WatchedConnection]:
        """Return the connections of these names, or all connections that read local files.

        Raises:
            UserMistake: FG-nothing-to-watch if a named connection reads no files on this machine.
        """
        if not names:
            connections = self._connections.list(athlete)
            watched = [self._with_roots(connected) for connected in connections]
            return [each for each in watched if each.roots]
        watched = []
        for name in names:
            each = self._with_roots(self._connections.get(name, athlete))
            if not each.roots:
                raise UserMistake(
                    "FG-nothing-to-watch",
                    f"the connection {each.connected.name} reads no files on this machine",
                    fix=f"fitglue sync {each.connected.name} --every 30m",
                )
            watched.append(each)
        return watched

    def _with_roots(self, connected: ConnectionRow) -> WatchedConnection:
        return WatchedConnection(connected, roots_of(self._workspace.catalogue, connected))
