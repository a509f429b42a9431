"""Finds the plugins, wrappers and folders of entries that distributions bring, and imports none of
them.
"""

from __future__ import annotations

from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from fitglue_registry.errors import Place, PluginFailed
from fitglue_registry.hookspecs import PLUGIN_GROUP, REGISTRY_GROUP, WRAPPER_GROUP
from fitglue_registry.plugins.entry_points import all_entry_points, one_of_each_name
from fitglue_registry.registry import Folder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_registry.errors import FitglueError

_GROUPS = (PLUGIN_GROUP, REGISTRY_GROUP, WRAPPER_GROUP)


class FoundEntryPoint(Protocol):
    """What is read of an ``importlib.metadata.EntryPoint``; a test brings its own."""

    name: str
    value: str
    group: str

    def load(self) -> Any:
        """Import what the entry point names."""


class Distribution(NamedTuple):
    """Name and version of what was installed; ``None`` where nobody knows."""

    name: str | None
    version: str | None


ByName = dict[str, FoundEntryPoint]


class _Found(NamedTuple):
    """Group → name → entry point, and what is wrong with those that are left out."""

    by_group: dict[str, ByName]
    errors: list[FitglueError]


class Discovery:
    """What this environment offers, by its entry points; ``given`` ones replace the environment's
    own.
    """

    def __init__(self, given: Iterable[FoundEntryPoint] | None = None) -> None:
        self._given = None if given is None else tuple(given)
        self._distributions: dict[str, Distribution] = {}

    @property
    def is_of_environment(self) -> bool:
        """Whether another process finds the same by itself."""
        return self._given is None

    def names(self) -> list[str]:
        """The names of the plugins, in order."""
        return sorted(self._in_group(PLUGIN_GROUP))

    def plugin(self, name: str) -> FoundEntryPoint | None:
        """The entry point of a plugin."""
        return self._in_group(PLUGIN_GROUP).get(name)

    def wrappers(self) -> list[FoundEntryPoint]:
        """The entry points of wrappers around hooks."""
        wrappers = self._in_group(WRAPPER_GROUP)
        # Sorted, because the order of entry points is undefined and nothing may depend on it.
        return [wrappers[name] for name in sorted(wrappers)]

    def distribution(self, name: str) -> Distribution:
        """The distribution that brings the plugin."""
        if name not in self._distributions:  # each look reads a file of metadata
            self._distributions[name] = _distribution(name, self.plugin(name))
        return self._distributions[name]

    def registry_folders(self) -> tuple[list[Folder], list[FitglueError]]:
        """The folders of entries that distributions bring along, found without importing them, and
        what is wrong with the rest.
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
        if self._given is not None:
            return _Found(_by_group(self._given), [])
        # One scan serves all groups: it is slow, and nothing caches it for us.
        points, errors = all_entry_points(_GROUPS)
        by_group: dict[str, ByName] = {}
        for group in _GROUPS:
            by_group[group], left_out = one_of_each_name(points, group)
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
    # Metadata that cannot be read: the plugin may work all the same.
    except Exception:  # noqa: BLE001
        return Distribution(name, None)


def _folder_missing(name: str, point: FoundEntryPoint) -> PluginFailed:
    return PluginFailed(
        "FG-registry-folder-missing",
        f"distribution {name} names the registry folder {point.value}, which is not there",
        at=Place(field=f"entry point {REGISTRY_GROUP}"),
        why="the value is a top-level package, a colon and a folder in it",
        fix="reinstall the distribution, or tell its author",
    )


def _folder_in_package(value: str) -> Path | None:
    """The folder that ``package:folder`` names, inside the package; nothing is imported for a
    top-level package.
    """
    package, _, folder = value.partition(":")
    if not package.isidentifier() or not folder:
        return None
    inside = Path(folder)
    if inside.is_absolute() or ".." in inside.parts:
        return None
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):  # found, but half imported or without a spec
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    place = spec.submodule_search_locations[0]
    return Path(place) / inside
