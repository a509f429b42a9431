"""Helpers for plugins that list an account: the rows of an answer, and lists that come in pages."""

from fitglue_registry.lists.answers import rows
from fitglue_registry.lists.paging import paged
from fitglue_registry.lists.styles import ByCursor, ByLink, ByOffset, ByPage

__all__ = ["ByCursor", "ByLink", "ByOffset", "ByPage", "paged", "rows"]
