"""The hooks of the boosters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_boosters.enriching import enrich
from fitglue_registry import hookimpl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import BoosterContext, Enrichment

__all__ = ["FITGLUE_HOOK_API", "fitglue_enrich"]

#: The version of ``hookspecs.py`` that this plugin was written for.
FITGLUE_HOOK_API = 1


@hookimpl
def fitglue_enrich(
    activity: SourceActivity,
    settings: Mapping[str, str],
    context: BoosterContext,
) -> Enrichment:
    """Return the training load of an activity, or what is missing for it."""
    return enrich(activity, settings, context)
