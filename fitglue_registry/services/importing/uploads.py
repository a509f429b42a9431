"""Imports content that an application passes to the host, instead of a path."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError, StoreFailed, UserMistake
from fitglue_registry.redaction.exceptions import redact_exception
from fitglue_registry.services.importing.recognizing import recognize
from fitglue_registry.services.importing.staging import staged
from fitglue_registry.services.syncing import work_on
from fitglue_registry.sync.engine import sync_connection
from fitglue_registry.sync.events import SourceConnected, SyncStopped
from fitglue_registry.sync.options import Options
from fitglue_registry.sync.storage import check_free
from fitglue_registry.sync.worker_limits import LISTING_UPLOAD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.plugin_api import Recognized
    from fitglue_registry.services.connecting.connections import Connections
    from fitglue_registry.sync.events import Event
    from fitglue_registry.sync.upload import Upload
    from fitglue_registry.workspace import Workspace


class Uploads:
    """Imports of content, which the host writes to a file of its own while it is read."""

    def __init__(self, workspace: Workspace, connections: Connections) -> None:
        self._workspace = workspace
        self._connections = connections

    def add(
        self,
        name: str,
        content: bytes,
        athlete: str,
        source: str | None,
    ) -> Iterator[Event]:
        """Check the size of an upload, and return an iterator that imports it; see ``add_bytes``.

        Args:
            name: The name of the file, see ``staging.file_name``.
            content: The content.
            athlete: The athlete.
            source: The id of a source's entry, if only this source is wanted.
        """
        self._check_size(name, len(content))
        most = self._workspace.policy.quotas.stored_bytes
        if most is not None:
            with self._workspace.database.read() as db:
                check_free(db, athlete, most)
        return self._import(name, content, athlete, source)

    def _check_size(self, name: str, size: int) -> None:
        most = self._workspace.policy.quotas.upload_bytes
        if most is not None and size > most:
            raise UserMistake(
                "FG-upload-too-large",
                f"{name} has {size / 1e6:,.1f} MB, and this server reads {most / 1e6:,.1f} MB "
                "at most",
                fix="upload it in parts, or ask the operator of this server",
            )

    def _import(
        self,
        name: str,
        content: bytes,
        athlete: str,
        source: str | None,
    ) -> Iterator[Event]:
        with staged(self._workspace.home, name, content) as upload:
            with upload.without_folder():
                recognition = recognize(self._workspace, [upload.path], source, LISTING_UPLOAD)
            for recognized in recognition.found:
                try:
                    yield from self._import_one(recognized, upload, athlete)
                except StoreFailed:
                    raise
                except FitglueError as error:
                    redact_exception(error, upload.unnamed)
                    yield SyncStopped(recognized.name, error)

    def _import_one(
        self,
        recognized: Recognized,
        upload: Upload,
        athlete: str,
    ) -> Iterator[Event]:
        entry = self._workspace.catalogue.get("source", recognized.entry)
        result = self._connections.connect_upload(
            entry.integration or entry.id,
            recognized.settings,
            upload,
            athlete,
        )
        yield SourceConnected(
            result.connection.name,
            recognized.entry,
            result.account.id,
            result.account.name,
            (upload.name,),
            tuple(result.account.notes),
            renewed=result.renewed,
        )
        connected = result.connection
        reads_paths = bool(connected.settings)
        # What the connection reads at its own paths is not forgotten because of an upload.
        options = Options(full=not reads_paths, files=True)
        yield from work_on(
            self._workspace,
            replace(connected, settings={**connected.settings, **recognized.settings}),
            lambda context: sync_connection(context, options),
            upload,
        )
