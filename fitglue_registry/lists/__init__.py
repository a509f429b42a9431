"""Helpers for plugins that list an account: the rows of an answer, and lists that come in pages.

They are imported from ``fitglue_registry.plugin_api``.
"""

from fitglue_registry.lists.answers import rows
from fitglue_registry.lists.paging import paged
from fitglue_registry.lists.styles import ByCursor, ByLink, ByOffset, ByPage

__all__ = ["rows", "paged", "ByPage", "ByOffset", "ByCursor", "ByLink"]  # noqa: RUF022 - the order of docs/hooks.md
