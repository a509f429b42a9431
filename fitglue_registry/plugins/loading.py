"""Imports a plugin when its hooks are first needed, and says of each what works and what does
not.
"""

from __future__ import annotations

import logging
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
    """One plugin as ``plugin list`` shows it; ``error`` says why it is left out."""

    name: str
    distribution: str | None
    version: str | None
    value: str
    loaded: bool
    hooks: tuple[str, ...] = ()
    error: FitglueError | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plugin that was imported and registered, with the guard that all its code runs under."""

    plugin: object
    hooks: tuple[str, ...]
    guard: Guard


class Loader:
    """Loads the plugins that were found, each at most once; ``redact`` takes secrets out of what
    they say.
    """

    def __init__(
        self,
        discovery: Discovery,
        *,
        time_limit_s: float,
        redact: Redact,
    ) -> None:
        self.time_limit_s = time_limit_s
        self._discovery = discovery
        self._redact = redact
        self._loaded: dict[str, Loaded | FitglueError] = {}

    @cached_property
    def _manager(self) -> pluggy.PluginManager:
        manager = pluggy.PluginManager(PROJECT)
        manager.add_hookspecs(Hooks)
        for point in self._discovery.wrappers():
            try:
                self._register_wrapper(point, manager)
            except FitglueError as error:
                log.warning("hook wrapper %s is left out: %s", point.name, error)
        return manager

    @cached_property
    def callers(self) -> SubsetCallers:
        """The callers of the hooks of the plugins that were loaded."""
        return SubsetCallers(self._manager)

    def load(self, name: str) -> Loaded:
        """The plugin of that name; raises ``FitglueError``, the same each time, where it cannot be
        loaded.
        """
        if name not in self._loaded:
            try:
                self._loaded[name] = self._import(name)
            except FitglueError as error:
                self._loaded[name] = error
        loaded = self._loaded[name]
        if isinstance(loaded, FitglueError):
            raise loaded.with_traceback(None)  # its traceback must not grow with each question
        return loaded

    def leave_out(self, name: str, error: FitglueError) -> None:
        """Answer every further question for the plugin with this error."""
        self._loaded[name] = error

    def info(self, name: str) -> PluginInfo:
        """What is known of a plugin after trying to load it."""
        point = self._discovery.plugin(name)
        value = point.value if point else ""
        distribution = self._discovery.distribution(name)
        try:
            hooks = self.load(name).hooks
        except FitglueError as error:
            return PluginInfo(name, *distribution, value, loaded=False, error=error)
        return PluginInfo(name, *distribution, value, loaded=True, hooks=hooks)

    def check_version(self, entry: Entry) -> None:
        """Compare the installed version with the range that the entry accepts; raises
        ``PluginFailed``.
        """
        name, accepted = entry.plugin.name, entry.plugin.version
        installed = self._discovery.distribution(name).version
        if installed is None or not accepted:
            return
        # A version that is none is in no range.
        if not SpecifierSet(accepted).contains(installed, prereleases=True):
            raise PluginFailed(
                "FG-plugin-version",
                f"{entry.key} needs {name} {accepted}, installed is {installed}",
                fix=f"fitglue plugin install '{name}{accepted}'",
            )

    def close(self) -> None:
        """Let the threads on which plugins were called end; plugins stay loaded."""
        for loaded in self._loaded.values():
            if isinstance(loaded, Loaded):
                loaded.guard.close()

    def _guard(self, name: str) -> Guard:
        return Guard(
            name,
            time_limit_s=self.time_limit_s,
            redact=self._redact,
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
        manager = self._manager  # made here, since wrappers are imported under guards of their own
        try:
            return guard.call("import", lambda: self._register(point, guard, manager))
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
    ) -> Loaded:
        """Import, check and register a plugin; runs on its own lane."""
        name = point.name
        plugin = point.load()
        check_api(name, plugin)
        hooks = check_hooks(name, plugin, manager)
        twin = manager.get_name(plugin)
        if twin is not None:
            raise PluginFailed(
                "FG-plugin-twice",
                f"plugin {name} is the same object as plugin {twin} ({point.value})",
                fix="name it once in the entry points",
            )
        manager.register(plugin, name=name)
        self.callers.forget()  # they name the others that are left out, and there is one more
        return Loaded(plugin, hooks, guard)

    def _missing(self, name: str) -> PluginFailed:
        if self._discovery.is_of_environment and _is_installed(name):
            return PluginFailed(
                "FG-plugin-missing",
                f"distribution {name} is installed and brings no plugin of that name",
                why=f"it has no entry point called {name} in the group {PLUGIN_GROUP}",
                fix="its author adds it to pyproject.toml",
            )
        close = nearest(name, self._discovery.names())
        why = None
        fix = f"fitglue plugin install {name}"
        if close:
            why = f"there is {close}"
            fix = f"did you mean {close}? Else: {fix}"
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
