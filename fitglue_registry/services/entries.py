"""The entries of the registry: which there are, and which of them an athlete can use now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import UserMistake
from fitglue_registry.plugins import availability
from fitglue_registry.registry.help import article
from fitglue_registry.validation.wording import nearest
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.errors import FitglueError
    from fitglue_registry.plugins import Availability as Availability
    from fitglue_registry.registry import Datum as Datum
    from fitglue_registry.registry import Entry as Entry
    from fitglue_registry.registry import EntryPart as EntryPart
    from fitglue_registry.registry import Field as Field
    from fitglue_registry.services.athletes import Athletes
    from fitglue_registry.services.connecting import Connections
    from fitglue_registry.workspace import Workspace

    EntryList = list[Entry]


class Entries:
    """The entries of the built-in registry and of every distribution that has some."""

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
        """Every entry, or those of one kind."""
        catalogue = self._workspace.catalogue
        return list(catalogue) if kind is None else catalogue.entries(kind)

    def problems(self) -> Sequence[FitglueError]:
        """What is left out of the registry, and why."""
        return self._workspace.catalogue.problems

    def get(self, kind: str, entry_id: str) -> Entry:
        """The entry of that kind and id; raises ``UserMistake`` FG-unknown-entry."""
        return self._workspace.catalogue.get(kind, entry_id)

    def find(self, name: str) -> EntryList:
        """The entry KIND/ID, or every kind of ID; raises ``UserMistake`` FG-unknown-entry."""
        kind, slash, entry_id = name.rpartition("/")
        if slash:
            return [self.get(kind, entry_id)]
        matching = [entry for entry in self.list() if entry.id == name]
        if matching:
            return matching
        near = nearest(name, [entry.id for entry in self.list()])
        fix = f"did you mean {near}?" if near else "see: fitglue registry"
        raise UserMistake("FG-unknown-entry", f"there is no entry {name!r}", fix=fix)

    def load_plugin(self, entry: Entry) -> None:
        """Import the plugin of an entry; raises ``PluginFailed`` where it is missing or broken."""
        self._workspace.plugins.load(entry)

    def article(self, entry: Entry) -> str:
        """The help article of an entry, in Markdown, from the entry and nothing else."""
        return article(entry, self._workspace.catalogue)

    def availability(
        self,
        kind: str,
        entry_id: str,
        athlete: str = ME,
    ) -> Availability:
        """Whether an athlete can use an entry now, and if not, why and what to do."""
        entry = self.get(kind, entry_id)
        connections = self._connections.at(entry.integration or "", athlete)
        return availability(
            entry,
            self._workspace.plugins,
            allowed=self._athletes.may_use(athlete, entry),
            tier=self._athletes.tier(athlete),
            connections=[connected.state for connected in connections],
        )
