"""Makes hook callers that reach the implementation of one plugin and every hook wrapper, but no
implementation of another plugin.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fitglue_registry.hookspecs import ADDRESSED

if TYPE_CHECKING:
    import pluggy

Caller = Callable[..., Any]


class SubsetCallers:
    """The hook callers of single plugins, which are kept until another plugin is registered."""

    def __init__(self, manager: pluggy.PluginManager) -> None:
        self._manager = manager
        self._callers: dict[tuple[str, int], Caller] = {}

    def caller(self, hook: str, plugin: object) -> Caller:
        """Return a function that calls the hook of this plugin, with arguments by name.

        Args:
            hook: The name of the hook.
            plugin: The registered module or object.
        """
        key = hook, id(plugin)
        if key not in self._callers:
            self._callers[key] = self._make(hook, plugin)
        return self._callers[key]

    def forget(self) -> None:
        """Discard all callers; called when another plugin is registered."""
        self._callers.clear()

    def _make(self, hook: str, plugin: object) -> Caller:
        others: list[Any] = []
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            # ``subset_hook_caller`` removes complete plugins including their wrappers, so only
            # plugins with an implementation are named here.
            if not implementation.wrapper and implementation.plugin is not plugin:
                others.append(implementation.plugin)
        caller: Caller = self._manager.subset_hook_caller(hook, others)
        if hook in ADDRESSED:
            return caller  # these are ``firstresult``; the others return a list of one answer

        def first(**arguments: Any) -> Any:
            answers = caller(**arguments)
            return answers[0] if answers else None

        return first
