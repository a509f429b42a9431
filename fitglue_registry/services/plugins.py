"""The plugins of this environment: which are installed, which are broken, what belongs to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.plugins.check import check_steps
from fitglue_registry.registry import default_folder
from fitglue_registry.registry.check import check as check_folder
from fitglue_registry.services.plugin_installing import install_plugin
from fitglue_registry.services.stand_ins import run_stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from fitglue_registry.errors import FitglueError
    from fitglue_registry.plugins import PluginInfo
    from fitglue_registry.plugins.check import Step as Step
    from fitglue_registry.registry.check import Report as Report
    from fitglue_registry.workspace import Workspace

    PluginList = list["ListedPlugin"]
    Names = list[str]
    Steps = list[Step]


@dataclass(frozen=True, slots=True)
class ListedPlugin:
    """A plugin that is installed or that an entry names, with the entries that name it."""

    info: PluginInfo
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EntriesCheck:
    """What is wrong with the entries of some folders.

    ``unreadable`` says which distributions have a folder that cannot be found.
    """

    reports: tuple[Report, ...]
    unreadable: tuple[FitglueError, ...] = ()


class InstalledPlugins:
    """The plugins that are installed, and those that entries need."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def list(self) -> PluginList:
        """Every plugin that is installed or that an entry names, by name."""
        plugins = self._workspace.plugins
        entries: dict[str, list[str]] = {name: [] for name in plugins.names()}
        for entry in self._workspace.catalogue:
            entries.setdefault(entry.plugin.name, []).append(entry.key)
        return [
            ListedPlugin(plugins.info(name), tuple(keys)) for name, keys in sorted(entries.items())
        ]

    def install(
        self,
        what: str,
        *,
        upgrade: bool = False,
        on_command: Callable[[str], None] | None = None,
    ) -> Names:
        """Install a plugin with pip, by name, folder or wheel; returns the plugins it brought.

        A plugin is a program: it runs with the rights of this process. ``on_command`` is called
        with the command line before it runs. A host that has looked for plugins before does not
        find what is new: open another one.

        Raises ``UserMistake`` for an option of pip, ``PluginFailed`` where pip fails and where no
        plugin is in what was installed.
        """
        return install_plugin(
            what,
            upgrade=upgrade,
            on_command=on_command,
        )

    def check(self, name: str) -> Steps:
        """Walk through a plugin step by step; the last step is the first that fails."""
        workspace = self._workspace
        return check_steps(workspace.plugins, name, list(workspace.catalogue))

    def check_entries(self, folder: Path | None = None) -> EntriesCheck:
        """Check every entry in a folder, or in all folders that are in use.

        Raises ``UserMistake`` where there is nothing to check.
        """
        if folder is not None:
            return EntriesCheck((check_folder(folder),))
        brought, unreadable = self._workspace.plugins.registry_folders()
        folders = [default_folder(), *(folder.path for folder in brought)]
        reports = tuple(check_folder(each) for each in folders)
        return EntriesCheck(reports, tuple(unreadable))

    def run_stand_in(self, integration: str, arguments: Sequence[str] = ()) -> int:
        """Serve the stand-in of an integration on this machine, until it is stopped.

        Returns the exit code. Raises ``PluginFailed`` FG-plugin-missing where no plugin brings one.
        """
        return run_stand_in(self._workspace, integration, arguments)
