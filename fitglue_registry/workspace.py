"""What a host holds open: its folder, database, catalogue, plugins, secrets, files and clock."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.model.moments import clock_text
from fitglue_registry.redaction.environment import secrets_of_environment
from fitglue_registry.redaction.redactor import Redactor
from fitglue_registry.registry import Folder, default_folder
from fitglue_registry.registry.cache import CatalogueCache
from fitglue_registry.store.file_blobs import FileBlobStore
from fitglue_registry.transport.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy.engine import Connection

    from fitglue_registry.matching.matcher import Matcher
    from fitglue_registry.plugins import Plugins
    from fitglue_registry.registry import Catalogue
    from fitglue_registry.secrets.chain import ChainSecretStore
    from fitglue_registry.secrets.file_store import FileSecretStore
    from fitglue_registry.secrets.keyring_store import KeyringSecretStore
    from fitglue_registry.secrets.protocol import SecretStore
    from fitglue_registry.store.blobs import BlobStore
    from fitglue_registry.store.database import Database
    from fitglue_registry.store.raw_parts import RawStore
    from fitglue_registry.sync.context import Processes
    from fitglue_registry.transport.budget import Budget
    from fitglue_registry.transport.clock import WaitingClock
    from fitglue_registry.transport.policy import HttpPolicy
    from fitglue_registry.transport.session import HttpSession

#: The athlete where no other is named.
ME = "me"


@dataclass(frozen=True, slots=True)
class Replacements:
    """What an application gives to take the place of the host's own; ``None`` keeps that."""

    secrets: SecretStore | None = None
    blobs: BlobStore | None = None
    plugins: Plugins | None = None
    folders: Sequence[Folder] | None = None
    clock: WaitingClock | None = None


def home_folder(named: str | Path | None = None) -> Path:
    """Return the folder of everything local: this one, FITGLUE_HOME, or the platform's."""
    chosen = named or os.environ.get("FITGLUE_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()  # a plugin may change the working directory
    from platformdirs import user_data_path

    return user_data_path("fitglue", appauthor=False)


class Workspace:
    """What a host holds open; each thing is opened when it is first needed.

    The services take a workspace. The rooms below them take only the values that they need.
    """

    def __init__(
        self,
        home: str | Path | None = None,
        database: str | None = None,
        given: Replacements | None = None,
        on_wait: Callable[[float, str], None] | None = None,
    ) -> None:
        self._home = home
        self._url = database
        self._given = given or Replacements()
        self._raws: RawStore | None = None
        self._closing = ExitStack()
        self.on_wait = on_wait

    def close(self) -> None:
        """Close what was opened: files, connections and threads."""
        self._closing.close()

    @cached_property
    def home(self) -> Path:
        """The folder of everything local."""
        return home_folder(self._home)

    @cached_property
    def database(self) -> Database:
        """The database; opened, and brought up to date, with its first transaction."""
        from fitglue_registry.store.database import Database

        self._make_home()
        named = self._url or os.environ.get("FITGLUE_DATABASE")
        url = named or f"sqlite:///{self.home / 'fitglue.db'}"
        database = Database(url, _upgrade)
        self._closing.callback(database.close)
        return database

    @cached_property
    def catalogue(self) -> Catalogue:
        """The entries of the built-in registry and of every distribution that has a folder of them.

        Its ``problems`` say what is left out.
        """
        self._make_home()
        if self._given.folders is not None:
            return self._load_catalogue(self._given.folders)
        brought, errors = self.plugins.registry_folders()
        catalogue = self._load_catalogue([Folder(default_folder()), *brought])
        catalogue.problems += errors
        return catalogue

    @cached_property
    def plugins(self) -> Plugins:
        """The plugins; each is imported when one of its hooks is first needed."""
        from fitglue_registry.plugins import Plugins

        plugins = self._given.plugins
        if plugins is None:
            plugins = Plugins()
            self._closing.callback(plugins.close)
        # The redactor reads the environment, so it is made when there is something to redact.
        plugins.redact = lambda text: self.redactor.text(text)
        return plugins

    @cached_property
    def secrets(self) -> SecretStore:
        """Where the secrets of connections are kept."""
        return self._given.secrets or self.local_secrets

    @cached_property
    def local_secrets(self) -> ChainSecretStore:
        """The secret store of this machine, whether or not the application brings another."""
        from fitglue_registry.secrets.chain import ChainSecretStore

        return ChainSecretStore(self._open_file_secrets, _open_keyring)

    @cached_property
    def redactor(self) -> Redactor:
        """Knows every secret that this host has opened, and those of its environment."""
        return Redactor(secrets_of_environment(None, self._url or ""))

    @cached_property
    def blobs(self) -> BlobStore:
        """Where original files are kept."""
        return self._given.blobs or FileBlobStore(self.home / "blobs")

    @property
    def raws(self) -> RawStore:
        """The raw parts of records, with the dictionaries that they are compressed with."""
        if self._raws is None:
            from fitglue_registry.store.raw_parts import RawStore

            self._raws = RawStore(self.blobs)
        return self._raws

    def forget_raws(self) -> None:
        """Open the raw parts anew when they are next needed: another database is in place now."""
        self._raws = None

    @cached_property
    def clock(self) -> WaitingClock:
        """The time."""
        return self._given.clock or SystemClock()

    @property
    def now(self) -> str:
        """Now, as the store writes moments."""
        return clock_text(self.clock.now())

    def matcher(self) -> Matcher:
        """What finds the activity of a source activity, with the rules of this catalogue."""
        from fitglue_registry.decisions.stored_decisions import StoredDecisions
        from fitglue_registry.matching.matcher import Matcher
        from fitglue_registry.matching.plugin_opinions import OpinionPlugins

        installed = set(self.plugins.names())
        with_opinions = {
            entry.plugin.name for entry in self.catalogue if "fitglue_dedupe" in entry.hooks
        }
        names = with_opinions & installed
        for name in names:
            self.plugins.info(name)  # imported now, and not while a transaction waits for it
        kinds = {}
        for source in self.catalogue.entries("source"):
            kinds[source.id] = {datum.path: datum.kind for datum in source.data}
        opinion_plugins = OpinionPlugins(self.plugins, names)
        return Matcher(opinion_plugins, StoredDecisions(), self.catalogue.merge_rules, kinds)

    def import_processes(self) -> Processes:
        """What starts worker processes."""
        # loky takes 50 ms to import, and most syncs start no process.
        from fitglue_registry.sync.deriving import processes

        return processes

    def http_session(
        self,
        policy: HttpPolicy,
        secrets: Callable[[], Mapping[str, str]],
        budget: Budget,
    ) -> HttpSession:
        """An authenticated session; ``secrets`` is asked when the first request needs them."""
        # requests takes 60 ms to import, and most commands ask no service.
        from fitglue_registry.transport.session import HttpSession
        from fitglue_registry.transport.waiting import Pace

        pace = Pace(self.clock, budget, self.on_wait)
        return HttpSession(
            policy,
            secrets=secrets,
            pace=pace,
            redactor=self.redactor,
        )

    def _load_catalogue(self, folders: Sequence[Folder]) -> Catalogue:
        cache = CatalogueCache(self.home / "cache", folders)
        kept = cache.read()
        if kept is not None:
            return kept
        # Only now: what reads YAML takes as long to import as everything else of a short command.
        from fitglue_registry.registry.loading import load_catalogue

        catalogue = load_catalogue(folders)
        cache.write(catalogue)
        return catalogue

    def _open_file_secrets(self) -> FileSecretStore:
        from fitglue_registry.secrets.file_store import FileSecretStore

        return FileSecretStore(self.home / "secrets")

    def _make_home(self) -> None:
        """Make the folder before anything in it, readable by its owner only: it tells where the
        athlete trains and lives.
        """
        with suppress(OSError):  # whoever needs it says what is wrong with it
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)


def _open_keyring() -> KeyringSecretStore:
    from fitglue_registry.secrets.keyring_store import KeyringSecretStore

    return KeyringSecretStore()


def _upgrade(connection: Connection) -> None:
    # Alembic takes 140 ms to import, and a database is seldom of an older format.
    from fitglue_registry.store.migrate import upgrade

    upgrade(connection)
