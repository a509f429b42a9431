"""Finds plugins, loads them, joins them with entries, computes availability, and guards every call
and every iteration.
"""

from fitglue_registry.plugins.availability import Availability, availability
from fitglue_registry.plugins.calling import EntryPlugin
from fitglue_registry.plugins.loading import PluginInfo
from fitglue_registry.plugins.plugins import Plugins

__all__ = [
    "Availability",
    "EntryPlugin",
    "PluginInfo",
    "Plugins",
    "availability",
]
