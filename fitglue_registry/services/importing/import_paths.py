"""Imports what is new from files, folders and archives, and watches what was imported."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace as replace_fields
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from fitglue_registry.errors import FitglueError, StoreFailed
from fitglue_registry.registry.paths import paths_in
from fitglue_registry.services.argument_types import checks_arguments
from fitglue_registry.services.connecting.entry_fields import read_fields
from fitglue_registry.services.granting.keys import NewKeys
from fitglue_registry.services.importing.offline import (
    match_offline,
    normalize_offline,
    normalize_saved,
)
from fitglue_registry.services.importing.recognizing import Recognition, recognize
from fitglue_registry.services.importing.staging import file_name
from fitglue_registry.services.importing.uploads import Uploads
from fitglue_registry.services.importing.watching import FolderSyncs
from fitglue_registry.services.permissions import check_paths
from fitglue_registry.services.plugin_view import PluginViews
from fitglue_registry.services.syncing import work_on
from fitglue_registry.store.connections import ConnectionRow, new_connection_id
from fitglue_registry.sync.engine import sync_connection
from fitglue_registry.sync.events import SourceConnected, SyncStopped
from fitglue_registry.sync.options import Options
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from fitglue_registry.file_counts import FileCounts
    from fitglue_registry.plugin_api import Recognized
    from fitglue_registry.services.athletes import Athletes
    from fitglue_registry.services.connecting.connections import Connections
    from fitglue_registry.services.importing.folder_watcher import Timing
    from fitglue_registry.services.importing.offline import OfflineMatch
    from fitglue_registry.services.syncing import Syncs
    from fitglue_registry.sync.deriving.payload import Normalized
    from fitglue_registry.sync.events import Event
    from fitglue_registry.workspace import Workspace

#: An import lists everything and fetches the files: a newer archive of an account may contain older
#: workouts than the one before.
_EVERYTHING = Options(full=True, files=True)
#: The source of workout files that are in no archive, and the account of those outside a folder.
_PLAIN_FILES = "files"
_SINGLE_FILES = "single files"


@checks_arguments
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

    def recognize(
        self,
        paths: Iterable[str | Path],
        source: str | None = None,
        report: Callable[[FileCounts], None] | None = None,
    ) -> Recognition:
        """Ask all plugins what some files and folders are; nothing is written.

        Args:
            paths: Files and folders.
            source: The id of a source's entry, if only this source is wanted.
            report: Called with the numbers of files that were looked at and found so far, from
                another thread.

        Returns:
            What the plugins recognized, in the order of ``paths``, with an error for each plugin
            that failed and for each path that no plugin recognized.

        Raises:
            UserMistake: FG-path-missing, FG-path-unreadable, FG-unknown-entry, FG-no-importer,
                FG-import-ambiguous if two plugins recognize a path, FG-not-recognized if nothing
                was recognized, or FG-path-not-allowed if the policy of the host allows no paths.
            RecordRefused: Nothing was recognized because a plugin refused to open a path, for
                example a decompression bomb.
            PluginFailed: Nothing was recognized because a plugin failed.
        """
        check_paths(self._workspace.policy)
        return recognize(self._workspace, paths, source, report=report)

    def import_paths(
        self,
        what: Iterable[str | Path] | Recognition,
        athlete: str = ME,
        *,
        dry_run: bool = False,
    ) -> Iterator[Event]:
        """Import what is new in files, folders and archives.

        Each source that is recognized is connected first. A newer archive of a connected account
        replaces the paths of its connection.

        Args:
            what: Paths, or the result of ``recognize``.
            athlete: The athlete.
            dry_run: Whether to list and compare everything but store nothing, not even a
                connection.

        Yields:
            A ``SourceConnected`` event for each source, then events as in ``Syncs.sync``. A source
            that fails ends with ``SyncStopped``, and the next one starts.

        Raises:
            UserMistake: What ``recognize`` raises.
            StoreFailed: The store cannot be read or written.
        """
        recognition = what if isinstance(what, Recognition) else self.recognize(what)
        import_one = self.rehearse if dry_run else self._import_one
        for recognized in _named_apart(recognition.found):
            try:
                yield from import_one(recognized, athlete)
            except StoreFailed:
                raise
            # Busy is among them: the other sources need not wait for a connection that is synced.
            except FitglueError as error:
                yield SyncStopped(recognized.name, error)

    def add_bytes(
        self,
        name: str,
        content: bytes,
        athlete: str = ME,
        *,
        source: str | None = None,
    ) -> Iterator[Event]:
        """Import the content of a file or archive that an athlete has uploaded.

        This takes the place of ``import_paths`` on a server, where no athlete may name a path. The
        content is read in worker processes, and only while the iterator is consumed; the original
        files are stored with the records, the upload itself is not.

        Args:
            name: The name of the file, whose suffix can be needed to recognize it.
            content: The content.
            athlete: The athlete.
            source: The id of a source's entry, if only this source is wanted.

        Returns:
            An iterator of events, as that of ``import_paths``. Content that was added before
                changes nothing.

        Raises:
            UserMistake: FG-upload-name or FG-upload-too-large at once; while the iterator is
                consumed, what ``recognize`` raises.
            StoreFailed: The upload or what it contains cannot be stored.
        """
        uploads = Uploads(self._workspace, self._connections)
        return uploads.add(file_name(name), content, athlete, source)

    def rehearse(self, recognized: Recognized, athlete: str = ME) -> Iterator[Event]:
        """Run the import of a recognized source as a dry run, without connecting it.

        Args:
            recognized: One source from the result of ``recognize``.
            athlete: The athlete.

        Yields:
            Events as in ``Syncs.sync``; nothing is stored.

        Raises:
            UserMistake: FG-tier, FG-path-not-allowed, or a setting that cannot be right.
            FitglueError: What the plugin refuses.
        """
        check_paths(self._workspace.policy)
        connected = self._as_if_connected(recognized, athlete)
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
        """Sync connections as soon as files appear in their folders, until ``stop`` is set.

        A file is read when it is no longer being written: when it has not changed for some time,
        and has its end or is not likely to get it any more. A folder may disappear and come back.

        Args:
            names: Connections, see ``Connections.get``; the default is all connections that read
                files on this machine.
            athlete: The athlete.
            stop: Ends the watch when it is set; without it, close the iterator.
            timing: How long a file must be unchanged, and how often to check.

        Yields:
            A ``Watching`` event for each connection at the start and whenever its missing folders
            change, and the events of each sync.

        Raises:
            UserMistake: FG-nothing-to-watch, FG-connection-unknown, FG-path-not-allowed, or
                FG-watch-unavailable if the library watchdog is not installed.
            StoreFailed: The store cannot be read or written.
        """
        check_paths(self._workspace.policy)
        folder_syncs = FolderSyncs(self._workspace, self._connections, self._syncs)
        yield from folder_syncs.watch(names, athlete, stop, timing)

    def normalize_offline(
        self,
        source: str,
        content: bytes,
        name: str,
        streams: bytes | None = None,
    ) -> Normalized:
        """Normalize a saved payload with the plugin of a source.

        Args:
            source: The id of the source's entry.
            content: The payload: a response that the service once gave.
            name: The name of the payload for error messages, such as its path.
            streams: The streams of the only activity in ``content``.

        Returns:
            External id and the source activities, or the error with which they were refused, in the
            order of the payload.

        Raises:
            UserMistake: FG-unknown-entry.
            RecordRefused: The payload as a whole is something else.
            PluginFailed: The plugin is missing or broken, or reads no saved payloads.
        """
        return normalize_offline(self._workspace, source, content, name, streams)

    def normalize_saved(
        self,
        source: str,
        payload: str | Path | BinaryIO,
        streams: str | Path | None = None,
    ) -> Normalized:
        """Normalize a payload in a file with the plugin of a source.

        Args:
            source: The id of the source's entry.
            payload: The file, or standard input as a binary stream.
            streams: The file with the streams of the only activity in ``payload``. By default it is
                searched beside a file: for saved.json, it is saved.streams.json.

        Returns:
            See ``normalize_offline``.

        Raises:
            UserMistake: FG-unknown-entry, FG-file-unreadable, FG-file-too-large, or
                FG-path-not-allowed if the policy of the host allows no paths.
            RecordRefused: The payload as a whole is something else.
            PluginFailed: The plugin is missing or broken, or reads no saved payloads.
        """
        if streams is not None or isinstance(payload, str | Path):
            check_paths(self._workspace.policy)
        return normalize_saved(self._workspace, source, payload, streams)

    def match_offline(
        self,
        records: str | Path,
        predictions: str | Path,
        on_aside: Callable[[Path], None] | None = None,
    ) -> OfflineMatch:
        """Match labeled records with the matcher that a sync uses, without the store.

        Args:
            records: A file in JSON Lines, one record per line.
            predictions: The CSV file to which the pairs are written that are the same workout or
                unsure, with verdict and probability. Earlier predictions are replaced, and any
                other file that is there is moved aside.
            on_aside: Called with the new path of a file that was moved aside.

        Returns:
            The number of records and of pairs.

        Raises:
            UserMistake: FG-file-unreadable, FG-file-too-large, FG-not-a-record,
                FG-file-unwritable, FG-path-unusable if ``predictions`` is a link or a folder, or
                FG-path-not-allowed if the policy of the host allows no paths.
        """
        check_paths(self._workspace.policy)
        return match_offline(Path(records), Path(predictions), on_aside)

    def _import_one(self, recognized: Recognized, athlete: str) -> Iterator[Event]:
        source = self._workspace.catalogue.get("source", recognized.entry)
        integration = source.integration or source.id
        settings = self._with_earlier_files(recognized, athlete)
        result = self._connections.connect(integration, settings, athlete)
        yield SourceConnected(
            result.connection.name,
            recognized.entry,
            result.account.id,
            result.account.name,
            recognized.paths,
            tuple(result.account.notes),
            renewed=result.renewed,
        )
        # By id, because a name could also be that of an integration.
        yield from self._syncs.sync(result.connection.id, athlete, _EVERYTHING)

    def _with_earlier_files(self, recognized: Recognized, athlete: str) -> dict[str, str]:
        """Return the settings, with the workout files that were imported one by one before.

        They are one account, of which each import names other files. A folder is an account of its
        own, and a newer archive takes the place of the older one.
        """
        settings = dict(recognized.settings)
        is_files = recognized.entry == _PLAIN_FILES and not any(
            map(os.path.isdir, recognized.paths)
        )
        if not is_files or "paths" not in settings:
            return settings
        paths = paths_in(settings["paths"])
        for connected in self._connections.list(athlete):
            earlier = paths_in(str(connected.settings.get("paths") or ""))
            # A path that is gone cannot be connected, and what was read from it is kept.
            is_single = connected.account.id == _SINGLE_FILES
            if connected.source == _PLAIN_FILES and is_single:
                paths = [*filter(os.path.isfile, earlier), *paths]
        settings["paths"] = os.pathsep.join(dict.fromkeys(paths))
        return settings

    def _as_if_connected(self, recognized: Recognized, athlete: str) -> ConnectionRow:
        """Return the connection that an import would create or renew."""
        catalogue = self._workspace.catalogue
        source = catalogue.get("source", recognized.entry)
        integration = source.integration or source.id
        self._athletes.check_tier(athlete, source)
        _, settings = read_fields(catalogue.get("integration", integration), recognized.settings)
        connection_id = new_connection_id()
        # Sources of files need no secret.
        view = self._views.of_new(connection_id, source, settings, NewKeys({}))
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


def _named_apart(found: Iterable[Recognized]) -> Iterator[Recognized]:
    """Yield what was recognized, with a number after each name that another one has already.

    Until it is connected, its name is that of its events, and two archives are two.
    """
    times: Counter[str] = Counter()
    for recognized in found:
        times[recognized.name] += 1
        number = times[recognized.name]
        if number > 1:
            yield replace_fields(recognized, name=f"{recognized.name} {number}")
        else:
            yield recognized
