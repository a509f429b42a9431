"""Calls a hook so that one plugin's implementation and every wrapper see the call, and no other
implementation does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fitglue_registry.hookspecs import ADDRESSED

if TYPE_CHECKING:
    import pluggy

Caller = Callable[..., Any]


class SubsetCallers:
    """Makes such callers, and keeps them until another plugin is registered."""

    def __init__(self, manager: pluggy.PluginManager) -> None:
        self._manager = manager
        self._callers: dict[tuple[str, int], Caller] = {}

    def caller(self, hook: str, plugin: object) -> Caller:
        """What calls the hook of this plugin, with arguments by name."""
        key = hook, id(plugin)
        if key not in self._callers:
            self._callers[key] = self._make(hook, plugin)
        return self._callers[key]

    def forget(self) -> None:
        """Make every caller anew: another plugin was registered."""
        self._callers.clear()

    def _make(self, hook: str, plugin: object) -> Caller:
        others: list[Any] = []
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            # subset_hook_caller removes plugins whole, wrappers included: only those that have an
            # implementation are named.
            if not implementation.wrapper and implementation.plugin is not plugin:
                others.append(implementation.plugin)
        caller: Caller = self._manager.subset_hook_caller(hook, others)
        if hook in ADDRESSED:
            return caller

        def first(**arguments: Any) -> Any:
            answers = caller(**arguments)
            return answers[0] if answers else None

        return first
