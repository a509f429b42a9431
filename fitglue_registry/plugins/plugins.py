"""The plugins of an environment, put together: found, loaded and called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.plugins.broadcasting import broadcast
from fitglue_registry.plugins.calling import EntryPlugin
from fitglue_registry.plugins.discovery import Discovery
from fitglue_registry.plugins.loading import Loader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_registry.errors import FitglueError
    from fitglue_registry.plugins.discovery import Distribution, FoundEntryPoint
    from fitglue_registry.plugins.guard import SignOfLife
    from fitglue_registry.plugins.loading import PluginInfo
    from fitglue_registry.redaction.exceptions import Redact
    from fitglue_registry.registry import Entry, Folder


class Plugins:
    """The plugins of this environment. Finding them imports none of them.

    ``entry_points`` replaces the environment's own (an embedding application, a test);
    ``time_limit_s`` is how long a plugin may show no sign of life.
    """

    def __init__(
        self,
        entry_points: Iterable[FoundEntryPoint] | None = None,
        *,
        time_limit_s: float = 120.0,
    ) -> None:
        #: Takes secrets out of what plugins say; a host puts that of its redactor here before the
        #: first plugin is loaded.
        self.redact: Redact = str
        self.discovery = Discovery(entry_points)
        self._loader = Loader(
            self.discovery,
            time_limit_s=time_limit_s,
            redact=self._redact,
        )

    @property
    def from_environment(self) -> bool:
        """Whether another process finds the same plugins by itself."""
        return self.discovery.is_of_environment

    @property
    def time_limit_s(self) -> float:
        """How long a plugin may show no sign of life."""
        return self._loader.time_limit_s

    def names(self) -> list[str]:
        """The names of the plugins that were found, in order."""
        return self.discovery.names()

    def distribution(self, name: str) -> Distribution:
        """Name and version of the distribution that brings the plugin."""
        return self.discovery.distribution(name)

    def registry_folders(self) -> tuple[list[Folder], list[FitglueError]]:
        """The folders of entries that distributions bring along, found without importing them, and
        what is wrong with the rest.
        """
        return self.discovery.registry_folders()

    def info(self, name: str) -> PluginInfo:
        """What is known of a plugin after trying to load it."""
        return self._loader.info(name)

    def load(self, entry: Entry) -> None:
        """Import the plugin of an entry; raises ``PluginFailed`` where it is missing, broken, or of
        a version that does not fit.
        """
        self._loader.load(entry.plugin.name)
        self._loader.check_version(entry)

    def check_version(self, entry: Entry) -> None:
        """Compare the installed version with the range that the entry accepts; raises
        ``PluginFailed``.
        """
        self._loader.check_version(entry)

    def of(self, entry: Entry, sign_of_life: SignOfLife | None = None) -> EntryPlugin:
        """The plugin of an entry, ready to be called; ``sign_of_life`` says until when the
        connection that it works for is known to be at work.
        """
        return EntryPlugin(entry, self._loader, sign_of_life)

    def broadcast(
        self,
        names: Iterable[str],
        hook: str,
        **arguments: Any,
    ) -> Iterator[tuple[str, Any, FitglueError | None]]:
        """(plugin, answer, error) of a hook that every plugin is asked, one by one, so that one
        failure loses no other answer.
        """
        return broadcast(self._loader, names, hook, arguments)

    def close(self) -> None:
        """Let the threads on which plugins were called end; plugins stay loaded."""
        self._loader.close()

    def _redact(self, text: str) -> str:
        return self.redact(text)
