"""The façade ``Host``: everything that an interface can do, for an application that embeds it.

    with Host() as host:
        for event in host.sync():
            print(event)

The library never prints. It logs to the logger ``fitglue_registry``.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import fitglue_registry.services as services
from fitglue_registry.policy import Policy
from fitglue_registry.services.argument_types import checks_arguments
from fitglue_registry.workspace import ME, Replacements, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from fitglue_registry.plugins import Plugins
    from fitglue_registry.redaction.redactor import Redactor
    from fitglue_registry.registry import Folder
    from fitglue_registry.secrets.protocol import SecretStore
    from fitglue_registry.services.connecting.storing import ConnectResult
    from fitglue_registry.services.importing.recognizing import Recognition
    from fitglue_registry.store.blobs import BlobStore
    from fitglue_registry.sync.events import Event
    from fitglue_registry.sync.options import Options
    from fitglue_registry.transport.clock import WaitingClock
    from fitglue_registry.transport.oauth_app import App


class _OnWait:
    """The attribute ``on_wait`` of a host, which is that of its workspace."""

    def __get__(self, host: Host, owner: type[Host]) -> Callable[[float, str], None] | None:
        return host.workspace.on_wait

    def __set__(self, host: Host, called: Callable[[float, str], None] | None) -> None:
        host.workspace.on_wait = called


@checks_arguments
class Host(AbstractContextManager["Host"]):
    """A host with one folder and one database, which puts the services together.

    Nothing is opened before it is needed. Use the host as a context manager, or call ``close``.
    Every method that takes an ``athlete`` works on the data of that athlete only.

    Args:
        home: The folder for local files: blobs, secrets, caches, and the default database. The
            default is the environment variable ``FITGLUE_HOME``, else the data folder of the
            platform.
        database: A SQLAlchemy URL of SQLite or PostgreSQL. The default is ``FITGLUE_DATABASE``,
            else a SQLite file in ``home``.
        secrets: A store for secrets that replaces the keyring and the encrypted files.
        blobs: A store for original files that replaces the folder in ``home``.
        plugins: Plugins that replace those of the environment.
        folders: Folders of entries that replace the built-in registry and those of distributions.
        clock: A clock that replaces the system's, for tests.
        on_wait: Called with the seconds and the reason before each wait for a source, from any
            thread.
        policy: What athletes may do, and which addresses are requested for them. The default is
            closed, for a server with athletes who do not trust each other;
            ``Policy.personal()`` allows everything that the command line allows.
        sql_database: The URL of the same database with the login of PostgreSQL that a statement of
            ``queries.sql`` has, and that may only read what you grant. The default is
            ``FITGLUE_SQL_DATABASE``. SQLite needs none.
        apps: The apps with which you are known at services that use OAuth 2, by the id of their
            integration. Without one, the app is taken from the secret store of this machine.

    Attributes:
        on_wait: The function that is called before each wait for a source; it can be replaced.
        policy: What athletes may do, and which addresses are requested for them.
        workspace: What the services work on. Applications need only the services.
    """

    on_wait = _OnWait()

    def __init__(
        self,
        home: str | Path | None = None,
        database: str | None = None,
        *,
        secrets: SecretStore | None = None,
        blobs: BlobStore | None = None,
        plugins: Plugins | None = None,
        folders: Sequence[Folder] | None = None,
        clock: WaitingClock | None = None,
        on_wait: Callable[[float, str], None] | None = None,
        policy: Policy | None = None,
        sql_database: str | None = None,
        apps: Mapping[str, App] | None = None,
    ) -> None:
        replacements = Replacements(
            secrets,
            blobs,
            plugins,
            folders,
            clock,
            apps or {},
            sql_database,
        )
        self.policy = policy or Policy()
        self.workspace = Workspace(home, database, replacements, on_wait, self.policy)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close files, database connections and threads; closing twice does nothing."""
        self.workspace.close()

    # -- shortcuts for the most frequent calls -----------------------------------------------------

    def connect(
        self,
        integration: str,
        values: Mapping[str, str],
        athlete: str = ME,
    ) -> ConnectResult:
        """Check credentials and settings with the service, and store the connection.

        This is ``connections.connect``.

        Args:
            integration: The id of the integration's entry.
            values: Field of that entry → its value, as it was pasted or typed.
            athlete: The athlete.

        Returns:
            The connection and its account.

        Raises:
            UserMistake: A value cannot be right.
            AthleteNeeded: The service rejects the credentials, or its accounts cannot be connected.
            Retryable: The service cannot be asked now.
            PluginFailed: The plugin is missing or broken.
            StoreFailed: The connection or its secret cannot be stored.
        """
        return self.connections.connect(integration, values, athlete)

    def sync(
        self,
        name: str | None = None,
        athlete: str = ME,
        options: Options | None = None,
    ) -> Iterator[Event]:
        """Sync one connection, or all connections of an athlete.

        This is ``syncs.sync``.

        Args:
            name: The name or the id of a connection; ``None`` syncs all of them.
            athlete: The athlete.
            options: What to sync; the default is everything that is due.

        Yields:
            The events of ``fitglue_registry.services.events``. A connection that cannot continue
            ends with ``SyncStopped``, and the next one starts.

        Raises:
            UserMistake: No such connection exists, or the options contradict each other.
            Busy: Another process is syncing the connection ``name``.
            StoreFailed: The store cannot be read or written.
        """
        return self.syncs.sync(name, athlete, options)

    def import_paths(
        self,
        what: Iterable[str | Path] | Recognition,
        athlete: str = ME,
        *,
        dry_run: bool = False,
    ) -> Iterator[Event]:
        """Import what is new in files, folders and archives.

        This is ``imports.import_paths``.

        Args:
            what: Paths, or the result of ``imports.recognize``.
            athlete: The athlete.
            dry_run: Whether to list and compare everything but store nothing.

        Yields:
            The events of ``fitglue_registry.services.events``.

        Raises:
            UserMistake: A path is missing or cannot be read, or nothing was recognized.
            StoreFailed: The store cannot be read or written.
        """
        if self.policy.allows_paths:
            # The imports of this process, which come next, take as long as its start.
            self.workspace.workers().start()
        return self.imports.import_paths(what, athlete, dry_run=dry_run)

    def why(self, reference: str, athlete: str = ME) -> dict[str, Any]:
        """Explain what happened to a workout, even if it has no activity.

        Args:
            reference: A number, ``last``, a local date, an id at the source, or a claim.
            athlete: The athlete.

        Returns:
            Plain values, as ``fitglue why --json`` prints them; see ``services.why``.

        Raises:
            UserMistake: FG-activity-ambiguous if the reference matches several activities, or
                FG-multisport-event if they are the legs of one event.
        """
        return services.why(self.workspace, reference, athlete)

    def overview(self, athlete: str = ME) -> services.Overview:
        """Return the connections and sources, this week and last week, and what needs attention.

        No service is asked.

        Args:
            athlete: The athlete.

        Returns:
            The dashboard, as ``fitglue`` without a command shows it.
        """
        overview = services.load_overview(
            self.entries,
            self.connections,
            self.activities,
            self.records,
            athlete,
        )
        unsettled = services.Deliveries(self.workspace).needing_attention(athlete)
        return services.with_deliveries(overview, len(unsettled))

    @property
    def home(self) -> Path:
        """The folder for local files."""
        return self.workspace.home

    @property
    def redactor(self) -> Redactor:
        """The redactor, which removes every secret that this host has opened from a text.

        It also knows the secrets in environment variables. Add its filter
        (``redaction.log_filter.RedactingFilter``) to your log handlers.
        """
        return self.workspace.redactor

    # -- the services ------------------------------------------------------------------------------

    @cached_property
    def athletes(self) -> services.Athletes:
        """The athletes and their tiers."""
        return services.Athletes(self.workspace)

    @cached_property
    def entries(self) -> services.Entries:
        """The entries of the registry, and which of them an athlete can use."""
        return services.Entries(self.workspace, self.athletes, self.connections)

    @cached_property
    def plugins(self) -> services.InstalledPlugins:
        """The installed plugins."""
        return services.InstalledPlugins(self.workspace)

    @cached_property
    def connections(self) -> services.Connections:
        """The connections: list, connect, check, renew, remove."""
        return services.Connections(self.workspace, self.athletes)

    @cached_property
    def syncs(self) -> services.Syncs:
        """Runs over the records of connections: sync, rebuild, retry."""
        return services.Syncs(self.workspace, self.connections)

    @cached_property
    def imports(self) -> services.Imports:
        """Imports of files, folders and archives."""
        return services.Imports(self.workspace, self.athletes, self.connections, self.syncs)

    @cached_property
    def activities(self) -> services.Activities:
        """The activities of athletes; ``host.activities()`` lists them."""
        return services.Activities(self.workspace)

    @cached_property
    def records(self) -> services.Records:
        """The records that have no activity: quarantine and stubs."""
        return services.Records(self.workspace)

    @cached_property
    def pipelines(self) -> services.Pipelines:
        """The pipelines of athletes: apply, pause, run, and what they have sent."""
        return services.Pipelines(self.workspace)

    @cached_property
    def decisions(self) -> services.Decisions:
        """The decisions of athletes: same, different, split, edit, undo."""
        return services.Decisions(self.workspace)

    @cached_property
    def settings(self) -> services.Settings:
        """The settings of athletes, such as their home zone."""
        return services.Settings(self.workspace)

    @cached_property
    def load(self) -> services.TrainingLoad:
        """The training load by day, and the fitness, fatigue and form that follow from it."""
        return services.TrainingLoad(self.workspace, self.connections)

    @cached_property
    def queries(self) -> services.Queries:
        """Read-only SQL on the views."""
        return services.Queries(self.workspace)

    @cached_property
    def backups(self) -> services.Backups:
        """Backups of the complete store: make, verify, restore."""
        return services.Backups(self.workspace)

    @cached_property
    def upkeep(self) -> services.Upkeep:
        """Checks and repairs of the store."""
        return services.Upkeep(self.workspace, self.connections)
