"""fitglue-registry: a pluggy host that joins registry entries to plugins and stores each workout
exactly once.

The public names of the library are those in ``__all__``. Each is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module

from fitglue_registry._version import __version__

# Type checkers treat this name as typing.TYPE_CHECKING. Importing typing takes as long as all of
# `fitglue --version`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fitglue_registry.errors import FitglueError as FitglueError
    from fitglue_registry.hookspecs import HOOK_API, hookimpl
    from fitglue_registry.host import Host as Host
    from fitglue_registry.plugins import Plugins as Plugins
    from fitglue_registry.policy import Policy as Policy
    from fitglue_registry.policy import Quotas as Quotas
    from fitglue_registry.registry import Folder as Folder
    from fitglue_registry.store.activity_filter import Filter as Filter
    from fitglue_registry.sync.options import Options as Options
    from fitglue_registry.transport.oauth_app import App as App

_HOMES = {
    "App": "fitglue_registry.transport.oauth_app",
    "Filter": "fitglue_registry.store.activity_filter",
    "FitglueError": "fitglue_registry.errors",
    "Folder": "fitglue_registry.registry",
    "HOOK_API": "fitglue_registry.hookspecs",
    "Host": "fitglue_registry.host",
    "Options": "fitglue_registry.sync.options",
    "Plugins": "fitglue_registry.plugins",
    "Policy": "fitglue_registry.policy",
    "Quotas": "fitglue_registry.policy",
    "hookimpl": "fitglue_registry.hookspecs",
}

__all__ = [
    "HOOK_API",
    "App",
    "Filter",
    "FitglueError",
    "Folder",
    "Host",
    "Options",
    "Plugins",
    "Policy",
    "Quotas",
    "__version__",
    "hookimpl",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
