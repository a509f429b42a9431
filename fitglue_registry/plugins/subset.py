"""Makes hook callers that reach the implementation of one plugin and every hook wrapper, but no
implementation of another plugin.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fitglue_registry.hookspecs import ADDRESSED

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pluggy

Caller = Callable[..., Any]


class SubsetCallers:
    """The hook callers of single plugins, which are kept until another plugin is registered.

    Several threads may use it at once.
    """

    def __init__(self, manager: pluggy.PluginManager) -> None:
        self._manager = manager
        self._callers: dict[tuple[str, int], Caller] = {}
        self._changing = threading.Lock()

    def caller(self, hook: str, plugin: object) -> Caller:
        """Return a function that calls the hook of this plugin, with arguments by name.

        Args:
            hook: The name of the hook.
            plugin: The registered module or object.
        """
        key = hook, id(plugin)
        with self._changing:
            if key not in self._callers:
                self._callers[key] = self._make(hook, plugin)
            return self._callers[key]

    @contextmanager
    def registering(self) -> Iterator[None]:
        """Register another plugin in the ``with`` block; discard all callers at its end.

        A caller excludes a fixed set of plugins, to which the new one must be added.
        """
        with self._changing:
            yield
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
