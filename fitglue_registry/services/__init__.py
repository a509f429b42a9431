"""The services of a host, one for each thing that a user can do.

``Host`` puts them together: use them as its properties. A module is imported when one of its names
is first used. The types that a service returns are in the module of that service, and the events of
a sync are in ``events.py``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from fitglue_registry.services.athletes import Athletes as Athletes
    from fitglue_registry.services.backups import Backups as Backups
    from fitglue_registry.services.connecting.connections import Connections as Connections
    from fitglue_registry.services.decisions import Decisions as Decisions
    from fitglue_registry.services.entries import Entries as Entries
    from fitglue_registry.services.explaining import why as why
    from fitglue_registry.services.importing.import_paths import Imports as Imports
    from fitglue_registry.services.overview import Overview as Overview
    from fitglue_registry.services.overview import load_overview as load_overview
    from fitglue_registry.services.overview import with_deliveries as with_deliveries
    from fitglue_registry.services.pipelines.deliveries import Deliveries as Deliveries
    from fitglue_registry.services.pipelines.pipelines import Pipelines as Pipelines
    from fitglue_registry.services.plugins import InstalledPlugins as InstalledPlugins
    from fitglue_registry.services.queries import Queries as Queries
    from fitglue_registry.services.reading import Activities as Activities
    from fitglue_registry.services.records import Records as Records
    from fitglue_registry.services.settings import Settings as Settings
    from fitglue_registry.services.syncing import Syncs as Syncs
    from fitglue_registry.services.training_load import TrainingLoad as TrainingLoad
    from fitglue_registry.services.upkeep import Upkeep as Upkeep
    from fitglue_registry.store.activity_filter import Filter as Filter
    from fitglue_registry.sync.options import Options as Options

#: Name → its module. Listing activities must not wait for the imports of a sync.
_MODULES = {
    "Activities": "services.reading",
    "Athletes": "services.athletes",
    "Backups": "services.backups",
    "Connections": "services.connecting.connections",
    "Decisions": "services.decisions",
    "Deliveries": "services.pipelines.deliveries",
    "Entries": "services.entries",
    "Filter": "store.activity_filter",
    "Imports": "services.importing.import_paths",
    "InstalledPlugins": "services.plugins",
    "Options": "sync.options",
    "Overview": "services.overview",
    "Pipelines": "services.pipelines.pipelines",
    "Queries": "services.queries",
    "Records": "services.records",
    "Settings": "services.settings",
    "Syncs": "services.syncing",
    "TrainingLoad": "services.training_load",
    "Upkeep": "services.upkeep",
    "load_overview": "services.overview",
    "why": "services.explaining",
    "with_deliveries": "services.overview",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"fitglue_registry.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
