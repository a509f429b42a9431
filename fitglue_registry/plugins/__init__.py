"""Finds plugins, loads them, joins them to entries, computes availability, and guards every call.

``Plugins`` is the way in. Its modules follow the order in which a plugin is used: ``entry_points``
and ``discovery`` find it, ``loading`` imports it and ``hookcheck`` compares its hooks with their
specifications, and ``calling`` and ``broadcasting`` call the hooks through a ``guard``.
"""

from fitglue_registry.plugins.availability import Availability, availability
from fitglue_registry.plugins.calling import EntryPlugin
from fitglue_registry.plugins.loading import PluginInfo
from fitglue_registry.plugins.plugins import Plugins, PluginsRecipe

__all__ = [
    "Availability",
    "EntryPlugin",
    "PluginInfo",
    "Plugins",
    "PluginsRecipe",
    "availability",
]
