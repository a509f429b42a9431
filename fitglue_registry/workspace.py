"""What a host has opened: its folder, database, catalogue, plugins, secrets, files and clock."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fitglue_registry.model.moments import clock_text
from fitglue_registry.once import once
from fitglue_registry.policy import Policy
from fitglue_registry.private_files import HAS_MODES, make_private_folder
from fitglue_registry.redaction.environment import secrets_of_environment
from fitglue_registry.redaction.redactor import Redactor
from fitglue_registry.registry import Folder, default_folder
from fitglue_registry.registry.cache import CatalogueCache
from fitglue_registry.registry.paths import expanded
from fitglue_registry.store.file_blobs import FileBlobStore
from fitglue_registry.transport.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy.engine import Connection

    from fitglue_registry.errors import FitglueError, StoreFailed
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
    from fitglue_registry.sync.deriving.processes import PebbleWorkers
    from fitglue_registry.transport.budget import Budget
    from fitglue_registry.transport.clock import WaitingClock
    from fitglue_registry.transport.oauth_app import App
    from fitglue_registry.transport.policy import HttpPolicy
    from fitglue_registry.transport.session import HttpSession
    from fitglue_registry.transport.token_sender import TokenSender
    from fitglue_registry.transport.tokens import TokenSource

log = logging.getLogger(__name__)

#: The id of the athlete if no other is named.
ME = "me"


@dataclass(frozen=True, slots=True)
class Replacements:
    """The parts that an application provides; ``None`` keeps the host's own."""

    secrets: SecretStore | None = None
    blobs: BlobStore | None = None
    plugins: Plugins | None = None
    folders: Sequence[Folder] | None = None
    clock: WaitingClock | None = None
    apps: Mapping[str, App] = field(default_factory=dict)
    #: It may contain a password, so it is not shown.
    sql_database: str | None = field(default=None, repr=False)


def home_folder(named: str | Path | None = None) -> Path:
    """Return the folder for local files: ``named``, else FITGLUE_HOME, else the platform's."""
    chosen = named or os.environ.get("FITGLUE_HOME")
    if chosen:
        # Absolute, because a plugin may change the working directory.
        return expanded(chosen).absolute()
    # Imported late: it is not needed if the folder is named.
    from platformdirs import user_data_path

    return user_data_path("fitglue", appauthor=False)


class Workspace:
    """Everything that a host has opened; each part is opened when it is first needed.

    The services take a workspace. The rooms below them take only the values that they need.

    Args:
        home: The folder for local files; see ``Host``.
        database: A SQLAlchemy URL; see ``Host``.
        replacements: The parts that the application provides.
        on_wait: Called with the seconds and the reason before each wait for a source.
        policy: What athletes may do; see ``Host``.
    """

    def __init__(
        self,
        home: str | Path | None = None,
        database: str | None = None,
        replacements: Replacements | None = None,
        on_wait: Callable[[float, str], None] | None = None,
        policy: Policy | None = None,
    ) -> None:
        self.policy = policy or Policy()
        self.opening = threading.RLock()
        self._home = home
        self._url = database
        self._replacements = replacements or Replacements()
        self.apps = self._replacements.apps
        """The apps at services that the application has given, by the id of the integration."""
        self._raws: RawStore | None = None
        self._workers: PebbleWorkers | None = None
        self._closing = ExitStack()
        self.on_wait = on_wait

    def close(self) -> None:
        """Close files, database connections and threads, in the reverse order of opening."""
        self._closing.close()

    @once
    def home(self) -> Path:
        """The folder for local files."""
        return home_folder(self._home)

    @once
    def database(self) -> Database:
        """The database, which is opened and migrated by its first transaction."""
        from fitglue_registry.store.database import Database

        self._make_home()
        named = self._url or os.environ.get("FITGLUE_DATABASE")
        url = named or f"sqlite:///{self.home / 'fitglue.db'}"
        database = Database(url, _upgrade, explain=_explain)
        self._closing.callback(database.close)
        return database

    @property
    def sql_database(self) -> str | None:
        """The URL with the login of PostgreSQL that a statement of ``fitglue sql`` has.

        It is that of the application, else that of the environment variable FITGLUE_SQL_DATABASE.
        """
        named = self._replacements.sql_database
        return named or os.environ.get("FITGLUE_SQL_DATABASE") or None

    @property
    def sql_role(self) -> str | None:
        """The role that a statement of ``fitglue sql`` begins with, if the operator set one.

        It is that of the policy, else that of the environment variable FITGLUE_SQL_ROLE.
        """
        return self.policy.sql_role or os.environ.get("FITGLUE_SQL_ROLE") or None

    @once
    def catalogue(self) -> Catalogue:
        """The entries of the built-in registry and of every distribution that has entries.

        Its ``problems`` list what was left out because it is invalid.
        """
        self._make_home()
        folders, errors = self._folders()
        cache = CatalogueCache(self.home / "cache", folders)
        catalogue = cache.read()
        if catalogue is None:
            catalogue = self.installed
            cache.write(catalogue)
        catalogue.problems += errors
        return catalogue

    @once
    def installed(self) -> Catalogue:
        """The entries as they are installed, which are read without the cache.

        They decide where a secret may be sent: the cache is a file in the home, which more programs
        can write to than can write to the installed packages.
        """
        # Imported only when the cache is out of date, a secret is proven, or its address has
        # changed: the YAML reader takes as long to import as all other modules of a short command.
        from fitglue_registry.registry.loading import load_catalogue

        folders, _ = self._folders()
        return load_catalogue(folders)

    def _folders(self) -> tuple[Sequence[Folder], list[FitglueError]]:
        """Return the folders with entries, and the errors of those that cannot be used."""
        if self._replacements.folders is not None:
            return self._replacements.folders, []
        folders, errors = self.plugins.registry_folders()
        return [Folder(default_folder()), *folders], errors

    @once
    def plugins(self) -> Plugins:
        """The plugins; each is imported when one of its hooks is first needed."""
        from fitglue_registry.plugins import Plugins

        plugins = self._replacements.plugins
        if plugins is None:
            plugins = Plugins()
            self._closing.callback(plugins.close)
        # A lambda, so that the redactor, which reads the environment, is created only if there is a
        # text to redact.
        plugins.redact = lambda text: self.redactor.text(text)
        plugins.quote_exceptions(allowed=self.policy.quotes_responses)
        return plugins

    @once
    def secrets(self) -> SecretStore:
        """The store for the secrets of connections."""
        return self._replacements.secrets or self.local_secrets

    @once
    def local_secrets(self) -> ChainSecretStore:
        """The secret store of this machine, even if the application provides another."""
        from fitglue_registry.secrets.chain import ChainSecretStore

        return ChainSecretStore(self._open_file_secrets, _open_keyring)

    @once
    def redactor(self) -> Redactor:
        """The redactor, which knows the secrets of the environment and those that were opened."""
        return Redactor(secrets_of_environment(None, self._url or "", self.sql_database or ""))

    @once
    def blobs(self) -> BlobStore:
        """The store for original files."""
        return self._replacements.blobs or FileBlobStore(self.home / "blobs")

    @property
    def raws(self) -> RawStore:
        """The raw parts of records, with the dictionaries that they are compressed with."""
        from fitglue_registry.store.raw_parts import RawStore

        with self.opening:
            if self._raws is None:
                self._raws = RawStore(self.blobs)
            return self._raws

    def forget_raws(self) -> None:
        """Forget the cached dictionaries, because the database was replaced."""
        self._raws = None

    @once
    def clock(self) -> WaitingClock:
        """The clock, which also waits."""
        return self._replacements.clock or SystemClock()

    @property
    def now(self) -> str:
        """The current time, in the form in which the store writes times."""
        return clock_text(self.clock.now())

    def matcher(self) -> Matcher:
        """Return a matcher with the merge rules and the plugins of this host."""
        from fitglue_registry.decisions.stored_decisions import StoredDecisions
        from fitglue_registry.matching.matcher import Matcher
        from fitglue_registry.matching.plugin_opinions import OpinionPlugins

        installed = set(self.plugins.names())
        with_opinions = {
            entry.plugin.name for entry in self.catalogue if "fitglue_dedupe" in entry.hooks
        }
        names = with_opinions & installed
        for name in names:
            # Imported here, because a matcher runs inside a transaction, which must be short.
            self.plugins.info(name)
        kinds = {}
        for source in self.catalogue.entries("source"):
            kinds[source.id] = {datum.path: datum.kind for datum in source.data}
        opinion_plugins = OpinionPlugins(self.plugins, names)
        return Matcher(opinion_plugins, StoredDecisions(), self.catalogue.merge_rules, kinds)

    def workers(self) -> PebbleWorkers:
        """Return the worker processes, which ``start`` or the first submitted work starts.

        They are kept until the workspace is closed, because starting one takes half a second.
        """
        with self.opening:
            if self._workers is None:
                # pebble takes 40 ms to import, and most commands start no process.
                from fitglue_registry.sync.deriving import cores, processes

                self._workers = processes.start_workers(
                    cores.count_cores(), self.policy.quotas.normalize_memory
                )
                self._closing.callback(self.stop_workers)
            return self._workers

    def stop_workers(self) -> None:
        """End the worker processes; the next work for them starts new ones.

        An application that is kept open for long can free their memory.
        """
        with self.opening:
            workers = self._workers
            self._workers = None
        if workers is not None:
            workers.stop()

    def http_session(
        self,
        policy: HttpPolicy,
        secrets: Callable[[], Mapping[str, str]],
        budget: Budget,
        tokens: TokenSource | None = None,
    ) -> HttpSession:
        """Return an authenticated session.

        Args:
            policy: The addresses, limits and authentication of the service.
            secrets: Returns the credentials; called when the first request needs them.
            budget: Limits the rate of requests.
            tokens: Keeps the tokens of the connection, for a scheme that has them.
        """
        # requests takes 60 ms to import, and most commands ask no service.
        from fitglue_registry.transport.session import HttpSession
        from fitglue_registry.transport.waiting import Pace

        pace = Pace(self.clock, budget, self.on_wait)
        return HttpSession(
            policy,
            secrets=secrets,
            pace=pace,
            redactor=self.redactor,
            tokens=tokens,
        )

    def token_sender(self, policy: HttpPolicy) -> TokenSender:
        """Return a sender of requests for tokens, outside any session.

        Args:
            policy: The addresses and limits of the service.
        """
        from fitglue_registry.transport.token_sender import TokenSender
        from fitglue_registry.transport.waiting import Pace, Waiting

        waiting = Waiting(policy, Pace(self.clock, None, self.on_wait))
        return TokenSender(
            policy,
            waiting,
            self.clock,
            self.redactor,
        )

    def _open_file_secrets(self) -> FileSecretStore:
        from fitglue_registry.secrets.file_store import FileSecretStore

        return FileSecretStore(self.home / "secrets")

    def _make_home(self) -> None:
        """Create the folder with access for its owner only, before anything is written to it.

        Its contents reveal where the athlete lives and trains.
        """
        with suppress(OSError):  # the first file that is opened in it reports a better error
            make_private_folder(self.home)
            if HAS_MODES and self.home.stat().st_uid != os.geteuid():
                log.warning(
                    "the data folder %s belongs to another user, who can read and change what is "
                    "in it",
                    self.home,
                )


def _open_keyring() -> KeyringSecretStore:
    from fitglue_registry.secrets.keyring_store import KeyringSecretStore

    return KeyringSecretStore()


def _upgrade(connection: Connection) -> None:
    # Alembic takes 140 ms to import, and a database rarely has an older format.
    from fitglue_registry.store.migrate import upgrade

    upgrade(connection)


def _explain(connection: Connection, where: str) -> StoreFailed | None:
    # Only a fault needs the readers of all columns.
    from fitglue_registry.store.value_check import explain

    return explain(connection, where)
