"""Calls a hook of every plugin that has it, one after another, so that a failure of one plugin does
not lose the answers of the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import FitglueError
from fitglue_registry.plugins.broadcast_answers import complaint_of_broadcast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fitglue_registry.plugins.loading import Loaded, Loader

#: Hooks that are called inside a transaction. A plugin that blocks there must be abandoned before
#: the other writers, which wait for thirty seconds, give up.
_IN_TRANSACTION = frozenset({"fitglue_dedupe"})
_QUICK_S = 10.0


def broadcast(
    loader: Loader,
    names: Iterable[str],
    hook: str,
    arguments: Mapping[str, Any],
) -> Iterator[tuple[str, Any, FitglueError | None]]:
    """Yield the answer of each plugin that has the hook, in the order of their names.

    Args:
        loader: Loads the plugins.
        names: The names of the plugins to call.
        hook: The name of the hook.
        arguments: The arguments of the call, by name.

    Yields:
        (name of the plugin, checked answer, error). Either the answer or the error is ``None``.
    """
    limit_s = loader.time_limit_s
    if hook in _IN_TRANSACTION:
        limit_s = min(_QUICK_S, limit_s)
    for name in sorted(names):
        try:
            loaded = loader.load(name)
            if hook not in loaded.hooks:
                continue
            answer = _ask(loader, loaded, hook, arguments, limit_s)
        except FitglueError as error:
            if error.code == "FG-plugin-blocked":
                # It would probably block again at each further call, and the host would wait again.
                loader.exclude(name, error)
            yield name, None, error
        else:
            yield name, answer, None


def _ask(
    loader: Loader,
    loaded: Loaded,
    hook: str,
    arguments: Mapping[str, Any],
    limit_s: float,
) -> Any:
    caller = loader.callers.caller(hook, loaded.plugin)

    def work() -> Any:
        answer = caller(**arguments)
        loaded.guard.refuse_if(hook, complaint_of_broadcast(hook, answer, arguments))
        return answer

    return loaded.guard.call(hook, work, time_limit_s=limit_s)
