"""Lists, checks and installs plugins, checks entries, and runs stand-ins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.plugins.check import check_steps
from fitglue_registry.registry import default_folder
from fitglue_registry.registry.check import check as check_folder
from fitglue_registry.services.argument_types import checks_arguments
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
    """A plugin that is installed or needed by an entry.

    Attributes:
        info: Its name, version, hooks, and the error if it is missing or broken.
        entries: The keys (``kind/id``) of the entries that name it.
    """

    info: PluginInfo
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EntriesCheck:
    """The result of checking the entries of some folders.

    Attributes:
        reports: One report for each folder, with its errors.
        unreadable: An error for each distribution whose folder cannot be found.
    """

    reports: tuple[Report, ...]
    unreadable: tuple[FitglueError, ...] = ()


@checks_arguments
class InstalledPlugins:
    """The plugins that are installed, and those that entries need."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def list(self) -> PluginList:
        """Return every plugin that is installed or needed by an entry, in the order of names."""
        plugins = self._workspace.plugins
        # Installed plugins come first, so that one without an entry is listed as well.
        entries: dict[str, list[str]] = {name: [] for name in plugins.names()}
        for entry in self._workspace.catalogue:
            entries.setdefault(entry.plugin.name, []).append(entry.key)
        return [
            ListedPlugin(plugins.info(name), tuple(keys)) for name, keys in sorted(entries.items())
        ]

    def install(
        self,
        requirement: str,
        *,
        upgrade: bool = False,
        on_command: Callable[[str], None] | None = None,
    ) -> Names:
        """Install a plugin with pip into the environment of this process.

        A plugin is a program that runs with the permissions of this process. A host that has
        already searched for plugins does not find the new one; open another host.

        Args:
            requirement: The name of a distribution, a folder, or a wheel.
            upgrade: Whether to install the newest version even if one is installed.
            on_command: Called with the command line before it is run.

        Returns:
            The names of the plugins that were installed.

        Raises:
            UserMistake: FG-usage if ``requirement`` is an option of pip.
            PluginFailed: FG-plugin-install-failed if pip fails, or FG-plugin-not-found if what was
                installed contains no plugin.
        """
        return install_plugin(
            requirement,
            upgrade=upgrade,
            on_command=on_command,
        )

    def check(self, name: str) -> Steps:
        """Check a plugin step by step.

        Args:
            name: The name of the plugin.

        Returns:
            The steps up to the first one that fails, so only the last one can have failed.
        """
        workspace = self._workspace
        return check_steps(workspace.plugins, name, list(workspace.catalogue))

    def check_entries(self, folder: Path | None = None) -> EntriesCheck:
        """Check every entry in a folder, or in all folders that are in use.

        Args:
            folder: A registry folder; ``None`` checks the built-in one and those of all installed
                distributions.

        Returns:
            The reports, with the errors that were found.

        Raises:
            UserMistake: FG-registry-missing or FG-registry-empty if ``folder`` has no entries.
        """
        if folder is not None:
            return EntriesCheck((check_folder(folder),))
        brought, unreadable = self._workspace.plugins.registry_folders()
        folders = [default_folder(), *(folder.path for folder in brought)]
        reports = tuple(check_folder(each) for each in folders)
        return EntriesCheck(reports, tuple(unreadable))

    def run_stand_in(self, integration: str, arguments: Sequence[str] = ()) -> int:
        """Run the stand-in of an integration on this machine until it is stopped.

        Args:
            integration: The id of the integration.
            arguments: The command line for the stand-in.

        Returns:
            The exit code.

        Raises:
            UserMistake: FG-unknown-entry if the integration does not exist.
            PluginFailed: FG-plugin-missing if no installed plugin has a stand-in for it.
        """
        return run_stand_in(self._workspace, integration, arguments)
