"""Imports and registers a plugin when one of its hooks is first needed, and keeps the error of a
plugin that fails.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import pluggy
from packaging.specifiers import SpecifierSet

from fitglue_registry.errors import FitglueError, PluginFailed
from fitglue_registry.hookspecs import PLUGIN_GROUP, PROJECT, Hooks
from fitglue_registry.plugins.guard import Guard
from fitglue_registry.plugins.hookcheck import check_api, check_hooks
from fitglue_registry.plugins.subset import SubsetCallers
from fitglue_registry.validation.wording import nearest

if TYPE_CHECKING:
    from fitglue_registry.plugins.discovery import Discovery, FoundEntryPoint
    from fitglue_registry.redaction.exceptions import Redact
    from fitglue_registry.registry import Entry

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One plugin as ``plugin list`` shows it."""

    name: str  # name of its entry point
    distribution: str | None  # name of its distribution, if it is known
    version: str | None  # version of its distribution, if it is known
    value: str  # what its entry point names, such as ``fitglue_example.plugin``
    loaded: bool  # whether it was imported and registered
    hooks: tuple[str, ...] = ()  # the hooks that it implements
    error: FitglueError | None = None  # why it was not loaded


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plugin that was imported and registered, with the guard that runs all its code."""

    plugin: object
    hooks: tuple[str, ...]
    guard: Guard


class Loader:
    """The loader of the plugins that were found, which loads each at most once.

    Args:
        discovery: The plugins and wrappers of this environment.
        time_limit_s: Seconds without a response after which a plugin counts as blocked.
        redact: Removes secrets from the texts of errors.
    """

    def __init__(
        self,
        discovery: Discovery,
        *,
        time_limit_s: float,
        redact: Redact,
    ) -> None:
        self.time_limit_s = time_limit_s
        #: Whether errors quote the exceptions of plugins; set before the first plugin is loaded.
        self.quotes = True
        self._discovery = discovery
        self._redact = redact
        self._loaded: dict[str, Loaded | FitglueError] = {}
        self._loading = threading.Lock()

    @cached_property
    def _manager(self) -> pluggy.PluginManager:
        manager = pluggy.PluginManager(PROJECT)
        manager.add_hookspecs(Hooks)
        for point in self._discovery.wrappers():
            try:
                self._register_wrapper(point, manager)
            except FitglueError as error:
                log.warning("hook wrapper %s is ignored: %s", point.name, error)
        return manager

    @cached_property
    def callers(self) -> SubsetCallers:
        """The hook callers of the plugins that were loaded."""
        return SubsetCallers(self._manager)

    def load(self, name: str) -> Loaded:
        """Import and register a plugin, or return it if that was done before.

        Raises:
            FitglueError: The plugin is missing or broken. Each call raises the same error, because
                Python does not import a failed module cleanly a second time.
        """
        # The first calls of several threads would otherwise register a plugin twice.
        with self._loading:
            if name not in self._loaded:
                try:
                    self._loaded[name] = self._import(name)
                except FitglueError as error:
                    self._loaded[name] = error
        loaded = self._loaded[name]
        if isinstance(loaded, FitglueError):
            # Each ``raise`` appends to the traceback of the stored error, so it is reset first.
            raise loaded.with_traceback(None)
        return loaded

    def exclude(self, name: str, error: FitglueError) -> None:
        """Let every further call of ``load`` for this plugin raise the error."""
        self._loaded[name] = error

    def info(self, name: str) -> PluginInfo:
        """Try to load a plugin and return what is known about it."""
        point = self._discovery.plugin(name)
        value = point.value if point else ""
        distribution = self._discovery.distribution(name)
        try:
            hooks = self.load(name).hooks
        except FitglueError as error:
            return PluginInfo(name, *distribution, value, loaded=False, error=error)
        return PluginInfo(name, *distribution, value, loaded=True, hooks=hooks)

    def check_version(self, entry: Entry) -> None:
        """Compare the installed version of a plugin with the range that the entry accepts.

        A plugin without a distribution has no version and always fits.

        Raises:
            PluginFailed: FG-plugin-version if the version is not in the range.
        """
        name, accepted = entry.plugin.name, entry.plugin.version
        installed = self._discovery.distribution(name).version
        if installed is None or not accepted:
            return
        # ``contains`` is also false for a text that is not a valid version.
        if not SpecifierSet(accepted).contains(installed, prereleases=True):
            raise PluginFailed(
                "FG-plugin-version",
                f"{entry.key} needs {name} {accepted}, but {installed} is installed",
                fix=f"fitglue plugin install '{name}{accepted}'",
            )

    def close(self) -> None:
        """End the threads of all plugins after their current work; the plugins stay loaded."""
        for loaded in self._loaded.values():
            if isinstance(loaded, Loaded):
                loaded.guard.close()

    def _guard(self, name: str) -> Guard:
        return Guard(
            name,
            time_limit_s=self.time_limit_s,
            redact=self._redact,
            quotes=self.quotes,
        )

    def _register_wrapper(self, point: FoundEntryPoint, manager: pluggy.PluginManager) -> None:
        def register() -> None:
            manager.register(point.load(), name=f"wrapper {point.name}")

        self._guard(point.name).call("import", register)

    def _import(self, name: str) -> Loaded:
        point = self._discovery.plugin(name)
        if point is None:
            raise self._missing(name)
        guard = self._guard(name)
        # The manager is made before the guard is used, because making it imports the wrappers
        # under their own guards, and a guard within another one would count against both time
        # limits.
        manager = self._manager
        callers = self.callers
        try:
            return guard.call("import", lambda: self._register(point, guard, manager, callers))
        except PluginFailed as error:
            guard.close()
            if error.code != "FG-plugin-raised":
                raise
            raise _import_failed(point, error) from error

    def _register(
        self,
        point: FoundEntryPoint,
        guard: Guard,
        manager: pluggy.PluginManager,
        callers: SubsetCallers,
    ) -> Loaded:
        """Import, check and register a plugin; called on the plugin's thread.

        pluggy keeps a plugin half registered if registration fails, so all checks come before it.
        """
        name = point.name
        plugin = point.load()
        check_api(name, plugin)
        hooks = check_hooks(name, plugin, manager)
        other_name = manager.get_name(plugin)
        if other_name is not None:
            raise PluginFailed(
                "FG-plugin-twice",
                f"plugin {name} is the same object as plugin {other_name} ({point.value})",
                fix="name it only once in the entry points",
            )
        with callers.registering():
            manager.register(plugin, name=name)
        return Loaded(plugin, hooks, guard)

    def _missing(self, name: str) -> PluginFailed:
        if self._discovery.is_of_environment and _is_installed(name):
            return PluginFailed(
                "FG-plugin-missing",
                f"distribution {name} is installed, but it contains no plugin of that name",
                why=f"it has no entry point named {name} in the group {PLUGIN_GROUP}",
                fix="ask its author to add the entry point to pyproject.toml",
            )
        close = nearest(name, self._discovery.names())
        why = None
        fix = f"fitglue plugin install {name}"
        if close:
            why = f"a plugin with a similar name is installed: {close}"
            fix = f"did you mean {close}? Otherwise: {fix}"
        return PluginFailed(
            "FG-plugin-missing",
            f"plugin {name} is not installed",
            why=why,
            fix=fix,
        )


def _import_failed(point: FoundEntryPoint, error: PluginFailed) -> PluginFailed:
    what = error.what.removeprefix(f"plugin {point.name} ")
    return PluginFailed(
        "FG-plugin-import-failed",
        f"plugin {point.name} ({point.value}) cannot be imported",
        at=error.at,
        why=f"{what}: {error.why}" if error.why else what,
        fix=f"reinstall it: fitglue plugin install --upgrade {point.name}",
    )


def _is_installed(distribution: str) -> bool:
    try:
        version(distribution)
    except (PackageNotFoundError, ValueError):
        return False
    return True
