"""Lists the entries of the registry, and determines which of them an athlete can use now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import UserMistake
from fitglue_registry.plugins import Availability as Availability
from fitglue_registry.plugins import availability
from fitglue_registry.registry.help import article
from fitglue_registry.services.argument_types import checks_arguments
from fitglue_registry.services.source_overviews import SourceOverview as SourceOverview
from fitglue_registry.services.source_overviews import source_overviews
from fitglue_registry.validation.wording import nearest
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.errors import FitglueError
    from fitglue_registry.registry import Datum as Datum
    from fitglue_registry.registry import Entry as Entry
    from fitglue_registry.registry import EntryPart as EntryPart
    from fitglue_registry.registry import Field as Field
    from fitglue_registry.registry import OAuth2 as OAuth2
    from fitglue_registry.services.athletes import Athletes
    from fitglue_registry.services.connecting.connections import Connections
    from fitglue_registry.services.connection_status import ConnectionStatus
    from fitglue_registry.workspace import Workspace

    EntryList = list[Entry]
    SourceList = list[SourceOverview]


@checks_arguments
class Entries:
    """The entries of the built-in registry and of every distribution that has entries."""

    def __init__(
        self,
        workspace: Workspace,
        athletes: Athletes,
        connections: Connections,
    ) -> None:
        self._workspace = workspace
        self._athletes = athletes
        self._connections = connections

    def list(self, kind: str | None = None) -> EntryList:
        """Return the entries of one kind, or all of them, in the order of kind and id.

        Args:
            kind: ``integration``, ``source``, ``enricher`` or ``destination``.
        """
        catalogue = self._workspace.catalogue
        return list(catalogue) if kind is None else catalogue.entries(kind)

    def problems(self) -> Sequence[FitglueError]:
        """Return an error for each entry that was left out because it is invalid."""
        return self._workspace.catalogue.problems

    def get(self, kind: str, entry_id: str) -> Entry:
        """Return an entry.

        Args:
            kind: ``integration``, ``source``, ``enricher`` or ``destination``.
            entry_id: The id of the entry, which is unique within its kind.

        Raises:
            UserMistake: FG-unknown-entry if it does not exist; the fix names the most similar id.
        """
        return self._workspace.catalogue.get(kind, entry_id)

    def find(self, name: str) -> EntryList:
        """Return the entries with a name.

        Args:
            name: An id, or ``KIND/ID``.

        Returns:
            One entry for ``KIND/ID``, and for an id the entries of all kinds that have it.

        Raises:
            UserMistake: FG-unknown-entry if none exists; the fix names the most similar id.
        """
        # Ids are unique only within a kind.
        kind, slash, entry_id = name.rpartition("/")
        if slash:
            return [self.get(kind, entry_id)]
        matching = [entry for entry in self.list() if entry.id == name]
        if matching:
            return matching
        near = nearest(name, [entry.id for entry in self.list()])
        fix = f"did you mean {near}?" if near else "see: fitglue registry"
        raise UserMistake("FG-unknown-entry", f"the entry {name!r} does not exist", fix=fix)

    def load_plugin(self, entry: Entry) -> None:
        """Import the plugin of an entry.

        Args:
            entry: The entry.

        Raises:
            PluginFailed: It is missing, broken, or of a version that the entry does not accept.
        """
        self._workspace.plugins.load(entry)

    def article(self, entry: Entry) -> str:
        """Return the help article of an entry as Markdown, made without its plugin.

        Args:
            entry: The entry.
        """
        return article(entry, self._workspace.catalogue)

    def availability(
        self,
        kind: str,
        entry_id: str,
        athlete: str = ME,
    ) -> Availability:
        """Return whether an athlete can use an entry now, and if not, why and what to do.

        Args:
            kind: The kind of the entry.
            entry_id: Its id.
            athlete: The athlete.

        Returns:
            The state of the entry, the reason for it, and the command to type if there is one.

        Raises:
            UserMistake: FG-unknown-entry.
        """
        entry = self.get(kind, entry_id)
        if entry.integration and not self._workspace.policy.allows_integration(entry.integration):
            return Availability(
                "not-allowed",
                f"{entry.name} cannot be connected at this server",
                "ask the operator of this server",
                "FG-integration-not-allowed",
            )
        if self._needs_upload(entry, athlete):
            return Availability(
                "not-connected",
                f"nothing of {entry.name} has been uploaded yet",
                "upload a file or an archive: host.imports.add_bytes(name, content)",
                "FG-not-connected",
            )
        # An enricher may need no integration, and then needs no connection.
        connections = self._connections.at(entry.integration or "", athlete)
        return availability(
            entry,
            self._workspace.plugins,
            allowed=self._athletes.may_use(athlete, entry),
            tier=self._athletes.tier(athlete),
            connections=[connected.state for connected in connections],
        )

    def sources(self, athlete: str = ME) -> SourceList:
        """Return for each source how to get access, what arrives, and the athlete's connections.

        No service is asked.

        Args:
            athlete: The athlete.

        Returns:
            The sources in the order of their ids, and then the services whose accounts cannot be
            connected.
        """
        connected = self._connections.list(athlete)
        statuses = [self._connections.status(connection) for connection in connected]
        return self.sources_of(statuses, athlete)

    def sources_of(self, statuses: Sequence[ConnectionStatus], athlete: str = ME) -> SourceList:
        """Return what ``sources`` returns, if the status of each connection is known already.

        Args:
            statuses: The status of each connection of the athlete.
            athlete: The athlete.
        """

        def available(entry: Entry) -> Availability:
            return self.availability(entry.kind, entry.id, athlete)

        return list(source_overviews(self._workspace.catalogue, statuses, available))

    def _needs_upload(self, entry: Entry, athlete: str) -> bool:
        """Return whether an athlete has to upload something first, and cannot name a path."""
        if self._workspace.policy.allows_paths or not entry.reads_files:
            return False
        return not self._connections.at(entry.integration or "", athlete)
