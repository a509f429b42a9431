"""Finds plugins, joins them with entries, computes availability, and guards every call and every
iteration.
"""

from fitglue_registry.plugins.availability import Availability, availability
from fitglue_registry.plugins.discovery import PluginInfo, Plugins
from fitglue_registry.plugins.walk import Step, check_steps

__all__ = ["Availability", "PluginInfo", "Plugins", "Step", "availability", "check_steps"]
