"""The entrance to this package: the plugins of an environment, which it finds, loads and calls."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import PluginFailed
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


@dataclass(frozen=True, slots=True)
class PluginsRecipe:
    """What another process needs to find the same plugins.

    Attributes:
        entry_points: The pickled entry points that an application provided; ``None`` for those of
            the environment.
        time_limit_s: Seconds without a response after which a plugin counts as blocked there.
    """

    entry_points: bytes | None
    time_limit_s: float


class Plugins:
    """The plugins of this environment. Finding them does not import them.

    Args:
        entry_points: Entry points that replace those of the environment, for an embedding
            application or a test.
        time_limit_s: Seconds without a response after which a plugin counts as blocked.
    """

    def __init__(
        self,
        entry_points: Iterable[FoundEntryPoint] | None = None,
        *,
        time_limit_s: float = 120.0,
    ) -> None:
        #: Removes secrets from the texts of plugins. A host sets it to its redactor's function
        #: before the first plugin is loaded.
        self.redact: Redact = str
        self.discovery = Discovery(entry_points)
        self._loader = Loader(
            self.discovery,
            time_limit_s=time_limit_s,
            # Not ``self.redact`` itself, which a host replaces after the loader was made.
            redact=self._redact,
        )

    @property
    def from_environment(self) -> bool:
        """Whether another process would find the same plugins."""
        return self.discovery.is_of_environment

    @classmethod
    def from_recipe(cls, recipe: PluginsRecipe) -> Plugins:
        """Return the plugins that another process described.

        Raises:
            PluginFailed: FG-plugin-not-importable if this process does not find the modules of the
                entry points that the application provided.
        """
        entry_points = None
        if recipe.entry_points is not None:
            try:
                entry_points = pickle.loads(recipe.entry_points)  # noqa: S301 - made by ``recipe``
            # What an object raises that cannot be made again depends on the object.
            except Exception as error:
                raise _not_importable(error) from error
        return cls(entry_points, time_limit_s=recipe.time_limit_s)

    def recipe(self, time_limit_s: float) -> PluginsRecipe:
        """Return what a worker process needs to find the same plugins.

        Args:
            time_limit_s: Seconds without a response after which a plugin counts as blocked there.

        Raises:
            PluginFailed: FG-plugin-not-importable if the application provided entry points that
                another process cannot load.
        """
        if self.from_environment:
            return PluginsRecipe(None, time_limit_s)
        try:
            packed = pickle.dumps(self.discovery.given)
        # What an object raises that cannot be pickled depends on the object.
        except Exception as error:
            raise _not_importable(error) from error
        return PluginsRecipe(packed, time_limit_s)

    def quote_exceptions(self, *, allowed: bool) -> None:
        """Say whether errors quote the exceptions of plugins, before the first one is loaded.

        Args:
            allowed: Whether they do. A plugin may put a response into an exception, so on a server
                with several athletes only the log quotes it.
        """
        self._loader.quotes = allowed

    @property
    def time_limit_s(self) -> float:
        """Seconds without a response after which a plugin counts as blocked."""
        return self._loader.time_limit_s

    def names(self) -> list[str]:
        """Return the names of the plugins that were found, in alphabetical order."""
        return self.discovery.names()

    def distribution(self, name: str) -> Distribution:
        """Return the name and version of the distribution that contains a plugin."""
        return self.discovery.distribution(name)

    def registry_folders(self) -> tuple[list[Folder], list[FitglueError]]:
        """Return the registry folders of installed distributions, and the errors of broken ones.

        No package is imported for this.
        """
        return self.discovery.registry_folders()

    def info(self, name: str) -> PluginInfo:
        """Try to load a plugin and return what is known about it."""
        return self._loader.info(name)

    def load(self, entry: Entry) -> None:
        """Import the plugin of an entry.

        Raises:
            FitglueError: The plugin is missing or broken, or its version does not fit the entry.
        """
        self._loader.load(entry.plugin.name)
        self._loader.check_version(entry)

    def check_version(self, entry: Entry) -> None:
        """Compare the installed version of a plugin with the range that the entry accepts.

        Raises:
            PluginFailed: FG-plugin-version if the version is not in the range.
        """
        self._loader.check_version(entry)

    def of(self, entry: Entry, sign_of_life: SignOfLife | None = None) -> EntryPlugin:
        """Return the plugin of an entry, ready to be called.

        Args:
            entry: The entry.
            sign_of_life: Returns the monotonic time until which the plugin's connection is known
                to be working.
        """
        return EntryPlugin(entry, self._loader, sign_of_life)

    def broadcast(
        self,
        names: Iterable[str],
        hook: str,
        **arguments: Any,
    ) -> Iterator[tuple[str, Any, FitglueError | None]]:
        """Call a hook of several plugins, one after another.

        Args:
            names: The names of the plugins; those without the hook are skipped.
            hook: The name of the hook.
            **arguments: The arguments of the hook, by name.

        Returns:
            An iterator of (name of the plugin, checked answer, error), in alphabetical order.
                Either the answer or the error is ``None``, so a failure of one plugin does not
                lose the answers of the others.
        """
        return broadcast(self._loader, names, hook, arguments)

    def close(self) -> None:
        """End the threads of all plugins after their current work; the plugins stay loaded."""
        self._loader.close()

    def _redact(self, text: str) -> str:
        return self.redact(text)


def _not_importable(error: Exception) -> PluginFailed:
    return PluginFailed(
        "FG-plugin-not-importable",
        "the plugins that the application provided cannot be used in a worker process",
        why=f"foreign files are read only there, and {type(error).__name__}: {error}",
        fix="give Plugins(entry_points=…) entry points that can be pickled and imported, such as "
        "importlib.metadata.EntryPoint(name, 'package.module', group)",
    )
