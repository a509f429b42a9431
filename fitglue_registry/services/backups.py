"""Makes backups of the store, verifies them, and restores the store from one."""

from __future__ import annotations

from dataclasses import replace as replace_fields
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.backup.make import make
from fitglue_registry.backup.naming import file_for
from fitglue_registry.backup.opened import verify
from fitglue_registry.backup.restore import restore
from fitglue_registry.backup.server_commands import dump_command, restore_command
from fitglue_registry.backup.store_files import StoreFiles
from fitglue_registry.services.connection_secrets import without_key

if TYPE_CHECKING:
    from fitglue_registry.backup.manifest import Manifest as Manifest
    from fitglue_registry.backup.opened import Backup as Backup
    from fitglue_registry.backup.opened import OnStep
    from fitglue_registry.backup.restore import Restored as Restored
    from fitglue_registry.workspace import Workspace


class Backups:
    """Backups of the whole store, each in one file."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def file_for(self, named: str | None = None) -> Path:
        """The new file that a backup is written to.

        Args:
            named: A new file, or a folder, in which the file is named after the moment; the folder
                of this process where nothing is named.

        Raises:
            UserMistake: FG-backup-not-written for a folder that is not there.
        """
        return file_for(named, self._workspace.clock.now())

    def make(
        self,
        path: str | Path,
        *,
        with_secrets: bool = False,
        on_step: OnStep | None = None,
    ) -> Backup:
        """Write a backup into one new file, also while a sync is at work, and read it again.

        ``on_step(what, done, of)`` is called as it goes on. Keys are left out unless
        ``with_secrets``, and then only those in encrypted files can be taken along: whoever has the
        file has the keys. In PostgreSQL the database itself is for ``pg_dump``.

        Raises ``UserMistake`` where there is such a file already.
        """
        return make(
            Path(path),
            self._store_files(),
            self._workspace.now,
            with_secrets=with_secrets,
            on_step=on_step,
        )

    def verify(self, path: str | Path, *, on_step: OnStep | None = None) -> Backup:
        """Read all of a backup.

        Raises ``StoreFailed`` FG-backup-damaged, which names the first thing that is damaged.
        """
        return verify(Path(path), on_step)

    def restore(
        self,
        path: str | Path,
        *,
        replace: bool = False,
        on_step: OnStep | None = None,
    ) -> Restored:
        """Make the store what it was in a backup.

        With ``replace`` a database that is there is moved aside, never deleted. Other programs
        have to close the database first.

        Raises ``UserMistake`` where there is one and ``replace`` is not given, ``StoreFailed``
        where the backup is damaged or newer, ``Busy`` while a sync is at work; the store is then
        what it was.
        """
        workspace = self._workspace
        try:
            restored = restore(
                Path(path),
                self._store_files(),
                workspace.now,
                replace=replace,
                on_step=on_step,
            )
        finally:
            # They know the dictionaries of the database that was here.
            workspace.forget_raws()
        if restored.backup.manifest.database == "postgresql":
            return restored
        return replace_fields(restored, without_key=without_key(workspace))

    def dump_command(self) -> str:
        """The command that dumps a PostgreSQL database, which no backup of ours contains."""
        return dump_command(self._workspace.database)

    def restore_command(self) -> str:
        """The command that restores a PostgreSQL database from its dump."""
        return restore_command(self._workspace.database)

    def _store_files(self) -> StoreFiles:
        workspace = self._workspace
        return StoreFiles(workspace.database, workspace.blobs, workspace.home / "secrets")
