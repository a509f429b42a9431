"""Runs the stand-in of a service: an imitation of it on this machine, provided by its plugin."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from fitglue_registry.errors import PluginFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fitglue_registry.registry import Entry
    from fitglue_registry.workspace import Workspace

#: The entry-point group in which plugins provide stand-ins. Each is a function that takes the
#: arguments of a command line, serves until it is stopped, and returns the exit code.
_GROUP = "fitglue.stand_ins"


def run_stand_in(workspace: Workspace, integration: str, arguments: Sequence[str]) -> int:
    """Run the stand-in of an integration; see ``InstalledPlugins.run_stand_in``."""
    # Stand-ins are found through entry points, because the host does not know any plugin's package.
    points = list(entry_points(group=_GROUP, name=integration))
    if not points:
        raise _missing(workspace.catalogue.get("integration", integration))
    serve: Callable[[list[str]], int] = points[0].load()
    return serve(list(arguments))


def stand_in_ids() -> list[str]:
    """Return the ids of the integrations that have a stand-in in this environment."""
    return sorted({point.name for point in entry_points(group=_GROUP)})


def _missing(entry: Entry) -> PluginFailed:
    return PluginFailed(
        "FG-plugin-missing",
        f"the stand-in of {entry.name} is not installed",
        why=f"no plugin has an entry point called {entry.id} in the group {_GROUP}",
        fix=f"fitglue plugin install {entry.plugin.name}",
    )
