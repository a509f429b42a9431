"""Makes backups of the store, verifies them, and restores the store from one."""

from __future__ import annotations

from dataclasses import replace as replace_fields
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.backup.make import make
from fitglue_registry.backup.naming import file_for
from fitglue_registry.backup.restore import Choices, restore
from fitglue_registry.backup.server_commands import dump_command, restore_command
from fitglue_registry.backup.store_files import StoreFiles
from fitglue_registry.backup.verify import verify
from fitglue_registry.secrets.chain import ChainSecretStore
from fitglue_registry.services.addresses import other_addresses, other_addresses_of
from fitglue_registry.services.app_references import apps_in_files
from fitglue_registry.services.argument_types import checks_arguments
from fitglue_registry.services.connection_secrets import without_key
from fitglue_registry.services.secret_use import mark_installed

if TYPE_CHECKING:
    from fitglue_registry.backup.manifest import Manifest as Manifest
    from fitglue_registry.backup.opened import Backup as Backup
    from fitglue_registry.backup.opened import OnStep
    from fitglue_registry.backup.restore import Restored as Restored
    from fitglue_registry.workspace import Workspace


@checks_arguments
class Backups:
    """Backups of the complete store, each in one file."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def file_for(self, named: str | None = None) -> Path:
        """Return the path of the new file for a backup.

        Args:
            named: A new file, or a folder, in which the file is named after the current time. The
                default is the working directory.

        Returns:
            The absolute path; nothing is created.

        Raises:
            UserMistake: FG-backup-not-written if the folder does not exist.
        """
        return file_for(named, self._workspace.clock.now())

    def make(
        self,
        path: str | Path,
        *,
        with_secrets: bool = False,
        on_step: OnStep | None = None,
    ) -> Backup:
        """Write a backup to a new file, and verify it by reading it again.

        A sync may run at the same time. A PostgreSQL database is not included; use
        ``dump_command``.

        Args:
            path: The new file.
            with_secrets: Whether to include the keys and the apps that are stored in encrypted
                files, together with the key file that decrypts them. Anyone who has the backup can
                use them. What is in a keyring cannot be included.
            on_step: Called with the name of the step, the number of finished items, and the total.

        Returns:
            The verified backup with its manifest.

        Raises:
            UserMistake: FG-backup-exists if the file exists, or FG-nothing-to-back-up.
            StoreFailed: The store is damaged or has a newer format, or the backup cannot be
                written. No file is left behind.
        """
        store = self._store_files()
        if isinstance(self._workspace.secrets, ChainSecretStore):
            apps = apps_in_files(self._workspace, self._workspace.secrets)
            store = replace_fields(store, apps=apps)
        return make(
            Path(path),
            store,
            self._workspace.now,
            with_secrets=with_secrets,
            on_step=on_step,
        )

    def verify(self, path: str | Path, *, on_step: OnStep | None = None) -> Backup:
        """Read a backup completely, and check that a restore would accept it.

        Each file is compared with its hash, and the database, which is unpacked for a moment, with
        the schema that this program makes, with the manifest, and with the original files.

        Args:
            path: The backup.
            on_step: Called with the name of the step, the number of finished items, and the total.

        Returns:
            The backup with its manifest, its connections, and their addresses that are not those of
            the entries of this machine.

        Raises:
            UserMistake: FG-backup-unknown if the file does not exist or is not a backup.
            StoreFailed: FG-backup-damaged, which names the first damaged file, FG-backup-foreign if
                the database contains something that FitGlue does not make, FG-backup-newer,
                FG-store-newer, FG-backup-unreadable or FG-backup-not-checked.
        """
        home = self._workspace.home
        # The folder for temporary files may be in memory, and a database can be large.
        verified = verify(Path(path), home if home.is_dir() else None, on_step)
        others = other_addresses_of(self._workspace, verified.connections)
        return replace_fields(verified, other_addresses=others)

    def restore(
        self,
        path: str | Path,
        *,
        replace: bool = False,
        with_secrets: bool = False,
        on_step: OnStep | None = None,
    ) -> Restored:
        """Replace the store with the contents of a backup, which is verified first.

        Other programs must close the database first. If the process is killed, the old store is
        still there, and the next call continues.

        Args:
            path: The backup.
            replace: Whether to move an existing database aside. It is never deleted.
            with_secrets: Whether to install the keys of the backup and their key file. Whoever made
                the backup has that key file. Without them, a connection keeps the key that it has
                on this machine.
            on_step: Called with the name of the step, the number of finished items, and the total.

        Returns:
            What was restored, where the old store is now, the names of the connections whose key
            this machine does not have, the addresses that are not those of the entries, and how
            many keys of the backup were not installed.

        Raises:
            UserMistake: FG-home-holds-data if a database exists and ``replace`` is false,
                FG-backup-other-database, or FG-backup-unknown.
            StoreFailed: The backup is damaged or newer, the database is open in another program, or
                the restore failed. The store is unchanged.
            Busy: FG-sync-running while a sync is running.
        """
        workspace = self._workspace
        try:
            restored = restore(
                Path(path),
                self._store_files(),
                workspace.now,
                choices=Choices(replace, with_secrets),
                on_step=on_step,
            )
        finally:
            # The open raw store caches the dictionaries of the database that was replaced.
            workspace.forget_raws()
        # The database is restored with PostgreSQL's own tool later, so its connections are not
        # known yet.
        if restored.backup.manifest.database == "postgresql":
            return restored
        mark_installed(workspace, restored.secrets_installed)
        return replace_fields(
            restored,
            without_key=without_key(workspace),
            other_addresses=other_addresses(workspace),
        )

    def dump_command(self) -> str:
        """Return the shell command that dumps a PostgreSQL database, which no backup contains."""
        return dump_command(self._workspace.database)

    def restore_command(self) -> str:
        """Return the shell command that restores a PostgreSQL database from its dump."""
        return restore_command(self._workspace.database)

    def _store_files(self) -> StoreFiles:
        workspace = self._workspace
        return StoreFiles(workspace.database, workspace.blobs, workspace.home / "secrets")
