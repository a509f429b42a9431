"""Asks every plugin that has a hook, one by one, so that one failure loses no other answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import FitglueError
from fitglue_registry.plugins.broadcast_answers import complaint_of_broadcast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fitglue_registry.plugins.loading import Loaded, Loader

#: Called inside a transaction: a plugin that blocks must not hold up the writer for longer than
#: other writers wait for theirs, which is thirty seconds.
_IN_TRANSACTION = frozenset({"fitglue_dedupe"})
_QUICK_S = 10.0


def broadcast(
    loader: Loader,
    names: Iterable[str],
    hook: str,
    arguments: Mapping[str, Any],
) -> Iterator[tuple[str, Any, FitglueError | None]]:
    """(plugin, answer, error) of each of these plugins that has the hook, in the order of their
    names.
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
                # It would block again, and everybody would wait again.
                loader.leave_out(name, error)
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
