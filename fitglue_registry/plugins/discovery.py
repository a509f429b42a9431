"""Finds plugins, hook wrappers and registry folders of installed distributions without importing
them.
"""

from __future__ import annotations

from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from fitglue_registry.errors import Place, PluginFailed
from fitglue_registry.hookspecs import PLUGIN_GROUP, REGISTRY_GROUP, WRAPPER_GROUP
from fitglue_registry.plugins.entry_points import all_entry_points, choose_by_name
from fitglue_registry.registry import Folder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_registry.errors import FitglueError

_GROUPS = (PLUGIN_GROUP, REGISTRY_GROUP, WRAPPER_GROUP)


class FoundEntryPoint(Protocol):
    """The attributes of an ``importlib.metadata.EntryPoint`` that are used here."""

    name: str
    value: str
    group: str

    def load(self) -> Any:
        """Import and return the object that the entry point names."""


class Distribution(NamedTuple):
    """The name and version of an installed distribution; ``None`` if they are unknown."""

    name: str | None
    version: str | None


ByName = dict[str, FoundEntryPoint]


class _Found(NamedTuple):
    """The entry points by group and name, and the errors of those that are ignored."""

    by_group: dict[str, ByName]
    errors: list[FitglueError]


class Discovery:
    """The plugins, wrappers and registry folders of this environment.

    Args:
        entry_points: Entry points that replace those of the environment.
    """

    def __init__(self, entry_points: Iterable[FoundEntryPoint] | None = None) -> None:
        #: The entry points that the application provided; ``None`` for those of the environment.
        self.given = None if entry_points is None else tuple(entry_points)
        self._distributions: dict[str, Distribution] = {}

    @property
    def is_of_environment(self) -> bool:
        """Whether another process would find the same plugins."""
        return self.given is None

    def names(self) -> list[str]:
        """Return the names of the plugins in alphabetical order."""
        return sorted(self._in_group(PLUGIN_GROUP))

    def plugin(self, name: str) -> FoundEntryPoint | None:
        """Return the entry point of a plugin, or ``None`` if no plugin has the name."""
        return self._in_group(PLUGIN_GROUP).get(name)

    def wrappers(self) -> list[FoundEntryPoint]:
        """Return the entry points of hook wrappers in alphabetical order."""
        wrappers = self._in_group(WRAPPER_GROUP)
        # The order of entry points is undefined, and pluggy calls wrappers in the order of their
        # registration.
        return [wrappers[name] for name in sorted(wrappers)]

    def distribution(self, name: str) -> Distribution:
        """Return the distribution that contains the plugin."""
        if name not in self._distributions:  # cached, because ``dist`` reads a metadata file
            self._distributions[name] = _distribution(name, self.plugin(name))
        return self._distributions[name]

    def registry_folders(self) -> tuple[list[Folder], list[FitglueError]]:
        """Return the registry folders of installed distributions, and the errors of broken ones.

        No package is imported for this, so the entries of a broken plugin can still be read.
        """
        folders: list[Folder] = []
        errors = list(self._found.errors)
        for name, point in sorted(self._in_group(REGISTRY_GROUP).items()):
            path = _folder_in_package(point.value)
            if path is not None and path.is_dir():
                folders.append(Folder(path, name))
            else:
                errors.append(_folder_missing(name, point))
        return folders, errors

    def _in_group(self, group: str) -> ByName:
        return self._found.by_group[group]

    @cached_property
    def _found(self) -> _Found:
        if self.given is not None:
            return _Found(_by_group(self.given), [])
        # One scan for all groups, because importlib.metadata reads every distribution each time.
        points, errors = all_entry_points(_GROUPS)
        by_group: dict[str, ByName] = {}
        for group in _GROUPS:
            by_group[group], left_out = choose_by_name(points, group)
            errors += left_out
        return _Found(by_group, errors)


def _by_group(points: Iterable[FoundEntryPoint]) -> dict[str, ByName]:
    by_group: dict[str, ByName] = {}
    for group in _GROUPS:
        by_group[group] = {point.name: point for point in points if point.group == group}
    return by_group


def _distribution(name: str, point: FoundEntryPoint | None) -> Distribution:
    try:
        distribution = getattr(point, "dist", None)
        if distribution is None:
            return Distribution(None, None)
        return Distribution(distribution.name, distribution.version)
    # The metadata cannot be read. The plugin may work nevertheless.
    except Exception:  # noqa: BLE001
        return Distribution(name, None)


def _folder_missing(name: str, point: FoundEntryPoint) -> PluginFailed:
    return PluginFailed(
        "FG-registry-folder-missing",
        f"distribution {name} names the registry folder {point.value}, which does not exist",
        at=Place(field=f"entry point {REGISTRY_GROUP}"),
        why="the value must be a top-level package, a colon and a folder in that package",
        fix="reinstall the distribution, or report this to its author",
    )


def _folder_in_package(value: str) -> Path | None:
    """Return the folder that ``package:folder`` names, or ``None`` if the value is invalid."""
    package, _, folder = value.partition(":")
    # Only a top-level package: ``find_spec`` imports the parents of a package with a dotted name.
    if not package.isidentifier() or not folder:
        return None
    inside = Path(folder)
    if inside.is_absolute() or ".." in inside.parts:
        return None
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):  # the module is partly imported, or has no spec
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    place = spec.submodule_search_locations[0]
    return Path(place) / inside
