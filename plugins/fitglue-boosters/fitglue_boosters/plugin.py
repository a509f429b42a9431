"""The hooks of the boosters."""

from __future__ import annotations

__all__ = ["FITGLUE_HOOK_API"]

#: The version of ``hookspecs.py`` that this plugin was written for.
FITGLUE_HOOK_API = 1
