"""Imports what is new from files, folders and archives, and watches what was imported."""

from __future__ import annotations

from dataclasses import replace as replace_fields
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from fitglue_registry.errors import FitglueError, StoreFailed
from fitglue_registry.services.connecting import read_fields
from fitglue_registry.services.importing.offline import (
    match_offline,
    normalize_offline,
    normalize_saved,
)
from fitglue_registry.services.importing.recognizing import Recognition, recognize
from fitglue_registry.services.importing.watching import FolderSyncs
from fitglue_registry.services.plugin_view import PluginViews
from fitglue_registry.services.syncing import work_on
from fitglue_registry.store.connections import ConnectionRow, new_connection_id
from fitglue_registry.sync.engine import sync_connection
from fitglue_registry.sync.events import SourceConnected, SyncStopped
from fitglue_registry.sync.options import Options
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Iterator, Sequence

    from fitglue_registry.plugin_api import Recognized
    from fitglue_registry.services.athletes import Athletes
    from fitglue_registry.services.connecting import Connections
    from fitglue_registry.services.importing.folder_watcher import Timing
    from fitglue_registry.services.importing.offline import Normalized, OfflineMatch
    from fitglue_registry.services.syncing import Syncs
    from fitglue_registry.sync.events import Event
    from fitglue_registry.workspace import Workspace

#: Everything that is there, and whole: another archive of an account is not limited by what the
#: last one contained.
_EVERYTHING = Options(full=True, files=True)


class Imports:
    """Imports of files, folders and archives."""

    def __init__(
        self,
        workspace: Workspace,
        athletes: Athletes,
        connections: Connections,
        syncs: Syncs,
    ) -> None:
        self._workspace = workspace
        self._athletes = athletes
        self._connections = connections
        self._syncs = syncs
        self._views = PluginViews(workspace)

    def recognize(self, paths: Iterable[str | Path], source: str | None = None) -> Recognition:
        """What some files and folders are, by every plugin that knows, or only as that source.

        Nothing is written. Raises ``UserMistake`` for a path that is missing or cannot be read, and
        where nothing in them is known.
        """
        return recognize(self._workspace, paths, source)

    def import_paths(
        self,
        what: Iterable[str | Path] | Recognition,
        athlete: str = ME,
        *,
        dry_run: bool = False,
    ) -> Iterator[Event]:
        """Import what is new at some paths, or in the result of ``recognize``.

        Yields events as ``sync`` does. Each source that is found is connected first, with a
        ``SourceConnected``; another archive of an account that is connected takes the place of the
        one before. A source that fails ends with ``SyncStopped``, and the next one begins.
        ``dry_run`` lists and compares everything and stores nothing, no connection either.
        """
        recognition = what if isinstance(what, Recognition) else self.recognize(what)
        import_one = self.rehearse if dry_run else self._import_one
        for recognized in recognition.found:
            try:
                yield from import_one(recognized, athlete)
            except StoreFailed:
                raise
            except FitglueError as error:  # Busy, too: the others need not wait
                yield SyncStopped(recognized.name, error)

    def rehearse(self, what: Recognized, athlete: str = ME) -> Iterator[Event]:
        """The dry run of a source that was recognized and need not be connected.

        Yields events as ``sync`` does, and stores nothing.
        """
        connected = self._as_if_connected(what, athlete)
        rehearsal = replace_fields(_EVERYTHING, dry_run=True)
        yield from work_on(
            self._workspace, connected, lambda context: sync_connection(context, rehearsal)
        )

    def watch(
        self,
        names: Sequence[str] = (),
        athlete: str = ME,
        stop: threading.Event | None = None,
        timing: Timing | None = None,
    ) -> Iterator[Event]:
        """Sync connections whenever files appear in their folders, until ``stop`` is set.

        These are the connections of ``names``, or all that read files of this machine. A file
        counts when nobody writes to it any more; a folder may go away and return.

        Raises ``UserMistake`` where there is nothing to watch, or where the library that watches is
        not installed.
        """
        folder_syncs = FolderSyncs(self._workspace, self._connections, self._syncs)
        yield from folder_syncs.watch(names, athlete, stop, timing)

    def normalize_offline(
        self,
        source: str,
        content: bytes,
        name: str,
        streams: bytes | None = None,
    ) -> Normalized:
        """The source activities in a saved payload, by the plugin of a source.

        Returns, for each external id, its source activities or why they are refused. Raises
        ``RecordRefused`` where the whole payload is something else.
        """
        return normalize_offline(self._workspace, source, content, name, streams)

    def normalize_saved(
        self,
        source: str,
        payload: str | Path | BinaryIO,
        streams: str | Path | None = None,
    ) -> Normalized:
        """The source activities in a file that somebody saved, by the plugin of a source.

        Args:
            source: The id of the source's entry.
            payload: What its service once answered: a file, or standard input.
            streams: The file of the streams of the one activity in ``payload``; else they may lie
                beside it, for saved.json as saved.streams.json.

        Returns:
            What ``normalize_offline`` does.

        Raises:
            UserMistake: There is no such source, or a file cannot be read.
            RecordRefused: The whole payload is something else.
        """
        return normalize_saved(self._workspace, source, payload, streams)

    def match_offline(self, records: str | Path, predictions: str | Path) -> OfflineMatch:
        """Match the records of a file in JSON Lines, and write the pairs that belong together.

        It is the matcher that a sync uses. Nothing of the store is read.
        """
        return match_offline(Path(records), Path(predictions))

    def _import_one(self, recognized: Recognized, athlete: str) -> Iterator[Event]:
        source = self._workspace.catalogue.get("source", recognized.entry)
        integration = source.integration or source.id
        result = self._connections.connect(integration, recognized.settings, athlete)
        yield SourceConnected(
            result.connection.name,
            recognized.entry,
            result.account.id,
            result.account.name,
            recognized.paths,
            tuple(result.account.notes),
            renewed=result.renewed,
        )
        yield from self._syncs.sync(result.connection.id, athlete, _EVERYTHING)

    def _as_if_connected(self, recognized: Recognized, athlete: str) -> ConnectionRow:
        """The connection that an import would make or renew."""
        catalogue = self._workspace.catalogue
        source = catalogue.get("source", recognized.entry)
        integration = source.integration or source.id
        self._athletes.check_tier(athlete, source)
        _, settings = read_fields(catalogue.get("integration", integration), recognized.settings)
        connection_id = new_connection_id()
        view = self._views.of_new(connection_id, source, settings, {})
        account = self._views.prove(source, view)
        existing = self._connections.of_account(integration, account, athlete)
        if existing is not None:
            return replace_fields(existing, settings=settings)
        return ConnectionRow(
            id=connection_id,
            athlete_id=athlete,
            name=recognized.name,
            integration=integration,
            source=source.id,
            account=account,
            settings=settings,
            created_at=self._workspace.now,
        )
