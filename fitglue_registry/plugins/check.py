"""Checks one plugin for ``fitglue plugin check``, step by step until the first failure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError, PluginFailed
from fitglue_registry.hookspecs import HOOK_API, PLUGIN_GROUP, REGISTRY_GROUP
from fitglue_registry.model import SourceActivity
from fitglue_registry.registry.check import check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.plugins.loading import PluginInfo
    from fitglue_registry.plugins.plugins import Plugins
    from fitglue_registry.registry import Entry

_IMPORT_CODES = frozenset({"FG-plugin-import-failed", "FG-plugin-blocked", "FG-plugin-missing"})


@dataclass(frozen=True, slots=True)
class Step:
    """The result of one step of ``plugin check``."""

    name: str  # what was checked: "entry point", "import", …
    ok: bool
    detail: str  # what was found, or what is wrong
    error: FitglueError | None = None


def check_steps(
    plugins: Plugins,
    name: str,
    entries: Sequence[Entry],
) -> list[Step]:
    """Check entry point, distribution, import, hooks, entries and versions of one plugin.

    Args:
        plugins: The plugins of this environment.
        name: The name of the plugin.
        entries: All entries of the catalog; those of other plugins are ignored.

    Returns:
        The steps in order. The first step that fails is the last one.
    """
    steps: list[Step] = []
    for step in _steps(plugins, name, entries):
        steps.append(step)
        if not step.ok:
            break
    return steps


def _steps(
    plugins: Plugins,
    name: str,
    entries: Sequence[Entry],
) -> Iterator[Step]:
    info = plugins.info(name)
    own_entries = [entry for entry in entries if entry.plugin.name == name]
    # Each step relies on the ones before it, so the caller stops at the first that fails.
    yield _entry_point(info, plugins)
    yield _distribution(info)
    yield _import(info)
    yield _hooks(info)
    yield _entries(info, plugins, own_entries)
    yield _versions(plugins, own_entries)


def _failed(step: str, error: FitglueError) -> Step:
    return Step(step, False, str(error), error)


def _entry_point(info: PluginInfo, plugins: Plugins) -> Step:
    is_found = info.name in plugins.names()
    detail = info.value or f"no entry point named {info.name} in the group {PLUGIN_GROUP}"
    return Step("entry point", is_found, detail, info.error)


def _distribution(info: PluginInfo) -> Step:
    if info.distribution:
        return Step("distribution", True, f"{info.distribution} {info.version}")
    return Step("distribution", True, "provided by the host application")


def _import(info: PluginInfo) -> Step:
    if info.error is not None and info.error.code in _IMPORT_CODES:
        return _failed("import", info.error)
    return Step("import", True, "imported")


def _hooks(info: PluginInfo) -> Step:
    if info.error is not None:
        return _failed("hooks", info.error)
    return Step("hooks", True, ", ".join(info.hooks))


def _entries(
    info: PluginInfo,
    plugins: Plugins,
    entries: Sequence[Entry],
) -> Step:
    errors = _folder_errors(plugins, info.name)
    if errors:
        first = errors[0]
        return Step("entries", False, f"{len(errors)} errors; the first: {first}", first)
    error = _entry_error(info, entries)
    if error is not None:
        return _failed("entries", error)
    return Step("entries", True, ", ".join(entry.key for entry in entries))


def _folder_errors(plugins: Plugins, name: str) -> list[FitglueError]:
    """Return the errors of the plugin's own registry folder, as ``registry check`` reports them."""
    folders, folder_errors = plugins.registry_folders()
    errors = [error for error in folder_errors if f"distribution {name} " in error.what]
    for folder in folders:
        if folder.origin == name:
            try:
                errors += check(folder.path).errors
            except FitglueError as error:
                errors.append(error)
    return errors


def _entry_error(info: PluginInfo, entries: Sequence[Entry]) -> PluginFailed | None:
    """Return the first contradiction between the plugin and the entries that name it."""
    if not entries:
        return PluginFailed(
            "FG-plugin-without-entry",
            f"no registry entry names plugin {info.name}",
            fix=f"add one to the folder that its distribution names in {REGISTRY_GROUP}",
        )
    lacking = _lacking_hooks(entries, info.hooks)
    if lacking:
        return PluginFailed(
            "FG-hook-missing",
            f"plugin {info.name} lacks hooks that its entries list: {'; '.join(lacking)}",
            fix="implement them, or remove them from the entry",
        )
    unknown = _unknown_paths(entries)
    if unknown:
        return PluginFailed(
            "FG-entry-unknown-path",
            f"a source activity does not have the fields of {'; '.join(unknown)}",
            why="each `path` under `data` names a field of a source activity",
            fix="use a field that docs/data-model.md lists",
        )
    return None


def _lacking_hooks(entries: Sequence[Entry], hooks: Sequence[str]) -> list[str]:
    lacking: list[str] = []
    for entry in entries:
        for hook in entry.hooks:
            if hook not in hooks:
                lacking.append(f"{entry.key} lists {hook}")
    return lacking


def _unknown_paths(entries: Sequence[Entry]) -> list[str]:
    """Return the ``data`` paths of these entries that are not fields of a source activity."""
    unknown: list[str] = []
    for entry in entries:
        for datum in entry.data:
            field = datum.path.partition(".")[0]
            if field and field not in SourceActivity.__struct_fields__:
                unknown.append(f"{entry.key}: {datum.path}")
    return unknown


def _versions(plugins: Plugins, entries: Sequence[Entry]) -> Step:
    try:
        for entry in entries:
            plugins.check_version(entry)
    except PluginFailed as error:
        return _failed("versions", error)
    ranges = sorted({entry.plugin.version for entry in entries if entry.plugin.version})
    accepted = ", ".join(ranges) or "any version"
    return Step("versions", True, f"hook API {HOOK_API}, entries accept {accepted}")
