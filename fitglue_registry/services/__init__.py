"""One service for each thing that a user can do; a module is imported when it is first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from fitglue_registry.services.athletes import Athletes as Athletes
    from fitglue_registry.services.backups import Backups as Backups
    from fitglue_registry.services.connecting import Connections as Connections
    from fitglue_registry.services.decisions import Decisions as Decisions
    from fitglue_registry.services.entries import Entries as Entries
    from fitglue_registry.services.explaining import why as why
    from fitglue_registry.services.importing.import_paths import Imports as Imports
    from fitglue_registry.services.plugins import InstalledPlugins as InstalledPlugins
    from fitglue_registry.services.queries import Queries as Queries
    from fitglue_registry.services.reading import Activities as Activities
    from fitglue_registry.services.records import Records as Records
    from fitglue_registry.services.syncing import Syncs as Syncs
    from fitglue_registry.services.upkeep import Upkeep as Upkeep

#: Service → its module. Listing activities must not wait for what a sync imports.
_MODULES = {
    "Activities": "reading",
    "Athletes": "athletes",
    "Backups": "backups",
    "Connections": "connecting",
    "Decisions": "decisions",
    "Entries": "entries",
    "Imports": "importing.import_paths",
    "InstalledPlugins": "plugins",
    "Queries": "queries",
    "Records": "records",
    "Syncs": "syncing",
    "Upkeep": "upkeep",
    "why": "explaining",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
