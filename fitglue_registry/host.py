"""The façade ``Host``: everything that an interface can do, for an application that embeds it.

    with Host() as host:
        for event in host.sync():
            print(event)

Nothing here prints; logging goes to the logger ``fitglue_registry``.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import fitglue_registry.services as services
from fitglue_registry.workspace import ME, Replacements, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from fitglue_registry.plugins import Plugins
    from fitglue_registry.redaction.redactor import Redactor
    from fitglue_registry.registry import Folder
    from fitglue_registry.secrets.protocol import SecretStore
    from fitglue_registry.services.connecting import ConnectResult
    from fitglue_registry.services.importing.recognizing import Recognition
    from fitglue_registry.store.blobs import BlobStore
    from fitglue_registry.sync.events import Event
    from fitglue_registry.sync.options import Options
    from fitglue_registry.transport.clock import WaitingClock


class Host:
    """The host, on one folder and one database; it puts the services together.

    ``home`` is the folder of everything local (``FITGLUE_HOME``, else the platform's data folder),
    ``database`` a SQLAlchemy URL (``FITGLUE_DATABASE``, else SQLite in ``home``). ``secrets``,
    ``blobs``, ``plugins``, ``clock`` and the registry ``folders`` replace the host's own;
    ``on_wait(seconds, reason)`` is called for every wait for a source, from any thread. Nothing is
    opened before it is needed.
    """

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
    ) -> None:
        given = Replacements(secrets, blobs, plugins, folders, clock)
        #: What the services work on; an interface needs only the services.
        self.workspace = Workspace(home, database, given, on_wait)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close what was opened: files, connections and threads."""
        self.workspace.close()

    # -- what everybody needs ----------------------------------------------------------------------

    def connect(
        self,
        integration: str,
        values: Mapping[str, str],
        athlete: str = ME,
    ) -> ConnectResult:
        """Prove credentials and settings, and store the connection: ``Connections.connect``."""
        return self.connections.connect(integration, values, athlete)

    def sync(
        self,
        name: str | None = None,
        athlete: str = ME,
        options: Options | None = None,
    ) -> Iterator[Event]:
        """Sync one connection, or all of an athlete; yields typed events: ``Syncs.sync``."""
        return self.syncs.sync(name, athlete, options)

    def import_paths(
        self,
        what: Iterable[str | Path] | Recognition,
        athlete: str = ME,
        *,
        dry_run: bool = False,
    ) -> Iterator[Event]:
        """Import what is new in files, folders and archives: ``Imports.import_paths``."""
        return self.imports.import_paths(what, athlete, dry_run=dry_run)

    def why(self, reference: str, athlete: str = ME) -> dict[str, Any]:
        """The story of a workout, stage by stage, also where it stopped or never came."""
        return services.why(self.workspace, reference, athlete)

    def overview(self, athlete: str = ME) -> services.Overview:
        """Where an athlete stands: connections, this week and last, what needs somebody."""
        return services.load_overview(self.connections, self.activities, self.records, athlete)

    @property
    def home(self) -> Path:
        """The folder of everything local."""
        return self.workspace.home

    @property
    def redactor(self) -> Redactor:
        """Knows every secret that this host has opened, and those of its environment.

        Put its filter on your log handlers.
        """
        return self.workspace.redactor

    @property
    def on_wait(self) -> Callable[[float, str], None] | None:
        """What is called for every wait for a source, with its seconds and reason."""
        return self.workspace.on_wait

    @on_wait.setter
    def on_wait(self, called: Callable[[float, str], None] | None) -> None:
        self.workspace.on_wait = called

    # -- the services ------------------------------------------------------------------------------

    @cached_property
    def athletes(self) -> services.Athletes:
        """Athletes and their tiers."""
        return services.Athletes(self.workspace)

    @cached_property
    def entries(self) -> services.Entries:
        """The entries of the registry, and which of them an athlete can use."""
        return services.Entries(self.workspace, self.athletes, self.connections)

    @cached_property
    def plugins(self) -> services.InstalledPlugins:
        """The plugins of this environment."""
        return services.InstalledPlugins(self.workspace)

    @cached_property
    def connections(self) -> services.Connections:
        """Connections: list, prove, renew, remove."""
        return services.Connections(self.workspace, self.athletes)

    @cached_property
    def syncs(self) -> services.Syncs:
        """Work on the records of connections: sync, rebuild, retry."""
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
        """Records that have become no activity: quarantine and stubs."""
        return services.Records(self.workspace)

    @cached_property
    def decisions(self) -> services.Decisions:
        """What the athlete decides: same, different, split, edit, undo."""
        return services.Decisions(self.workspace)

    @cached_property
    def queries(self) -> services.Queries:
        """SQL on the views, read-only."""
        return services.Queries(self.workspace)

    @cached_property
    def backups(self) -> services.Backups:
        """Backups of the whole store."""
        return services.Backups(self.workspace)

    @cached_property
    def upkeep(self) -> services.Upkeep:
        """Checks and repairs."""
        return services.Upkeep(self.workspace, self.connections)
