"""Walks one plugin from its entry point to its versions, and stops where it fails: ``fitglue plugin
check``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError, PluginFailed
from fitglue_registry.hookspecs import HOOK_API, PLUGIN_GROUP, REGISTRY_GROUP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.plugins.discovery import PluginInfo, Plugins
    from fitglue_registry.registry import Entry


@dataclass(frozen=True, slots=True)
class Step:
    """One step of ``plugin check``: what was looked at, and how it went."""

    name: str
    ok: bool
    detail: str
    error: FitglueError | None = None


def check_steps(plugins: Plugins, name: str, entries: Sequence[Entry]) -> list[Step]:
    """Walk distribution, entry point, import, hooks, entries and versions of one plugin; the first
    step that fails is the last.
    """
    distribution, version = plugins.distribution(name)
    mine = [entry for entry in entries if entry.plugin.name == name]
    info = plugins.info(name)
    error = info.error
    steps = [
        Step(
            "entry point",
            name in plugins.names(),
            info.value or f"nothing named {name} in {PLUGIN_GROUP}",
            error,
        )
    ]
    if steps[-1].ok:
        steps.append(
            Step(
                "distribution",
                True,
                f"{distribution} {version}" if distribution else "given by the host application",
            )
        )
        failed = error if error is not None and _is_import(error) else None
        steps.append(Step("import", failed is None, str(failed) if failed else "imported", failed))
    if steps[-1].ok:
        steps.append(
            Step(
                "hooks",
                error is None,
                ", ".join(info.hooks) if error is None else str(error),
                error,
            )
        )
    if steps[-1].ok:
        steps.append(_folder_step(plugins, name) or _entries_step(mine, info, name))
    if steps[-1].ok:
        steps.append(_versions_step(plugins, mine))
    return steps


def _is_import(error: FitglueError) -> bool:
    return error.code in ("FG-plugin-import-failed", "FG-plugin-blocked", "FG-plugin-missing")


def _folder_step(plugins: Plugins, name: str) -> Step | None:
    """The failure of the plugin's own registry folder, if it has one: the first thing that
    ``registry check`` says of it.
    """
    from fitglue_registry.registry.check import check

    folders, errors = plugins.registry_folders()
    wrong: list[FitglueError] = [error for error in errors if f"distribution {name} " in error.what]
    for origin, folder in folders:
        if origin == name:
            try:
                wrong += check(folder).errors
            except FitglueError as error:
                wrong.append(error)
    return (
        Step("entries", False, f"{len(wrong)} wrong; the first: {wrong[0]}", wrong[0])
        if wrong
        else None
    )


def _unknown_paths(entries: Sequence[Entry]) -> list[str]:
    """The ``data`` paths of these entries that name nothing in a source activity."""
    from fitglue_registry.model import SourceActivity

    return [
        f"{entry.key}: {datum.path}"
        for entry in entries
        for datum in entry.data
        if datum.path and datum.path.partition(".")[0] not in SourceActivity.__struct_fields__
    ]


def _entries_step(mine: Sequence[Entry], info: PluginInfo, name: str) -> Step:
    if not mine:
        failure = PluginFailed(
            "FG-plugin-without-entry",
            f"no registry entry names plugin {name}",
            fix=f"add one to the folder that its distribution names in {REGISTRY_GROUP}",
        )
        return Step("entries", False, str(failure), failure)
    lacking = [
        f"{entry.kind}/{entry.id} lists {hook}"
        for entry in mine
        for hook in entry.hooks
        if hook not in info.hooks
    ]
    if lacking:
        failure = PluginFailed(
            "FG-hook-missing",
            f"plugin {name} lacks hooks that its entries list: {'; '.join(lacking)}",
            fix="implement them, or take them out of the entry",
        )
        return Step("entries", False, str(failure), failure)
    unknown = _unknown_paths(mine)
    if unknown:
        failure = PluginFailed(
            "FG-entry-unknown-path",
            f"a source activity has no {'; '.join(unknown)}",
            why="the path of a row of `data`",
            fix="use a field of docs/data-model.md",
        )
        return Step("entries", False, str(failure), failure)
    return Step("entries", True, ", ".join(f"{entry.kind}/{entry.id}" for entry in mine))


def _versions_step(plugins: Plugins, mine: Sequence[Entry]) -> Step:
    try:
        for entry in mine:
            plugins.check_version(entry)
    except PluginFailed as error:
        return Step("versions", False, str(error), error)
    ranges = sorted({entry.plugin.version for entry in mine if entry.plugin.version})
    return Step(
        "versions",
        True,
        f"hook API {HOOK_API}, entries accept {', '.join(ranges) or 'any version'}",
    )
