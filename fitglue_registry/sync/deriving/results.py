"""Waits for the results of worker processes, and turns what can go wrong into errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import FitglueError, Place, PluginFailed
from fitglue_registry.redaction.exceptions import redact_exception
from fitglue_registry.sync.worker_limits import WorkerDied

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.redaction.exceptions import Redact
    from fitglue_registry.sync.context import Work
    from fitglue_registry.sync.deriving.deriver import Derived


def result_of(
    work: Work,
    plugin: str,
    redact: Redact,
) -> Any:
    """Wait for a piece of work, and return its result.

    Args:
        work: The work, which returns a failure instead of raising it.
        plugin: The name of the plugin that does it.
        redact: Removes secrets from a failure.

    Raises:
        FitglueError: The failure, or ``PluginFailed`` if the work broke its worker.
    """
    try:
        result = work.result()
    except WorkerDied as died:
        raise _ended_without_answer(plugin, died) from died
    finally:
        work.cancel()
    return checked(result, redact)


def _ended_without_answer(plugin: str, died: WorkerDied) -> PluginFailed:
    """Return the error for work that ended its worker process and is not about one record."""
    return PluginFailed(
        "FG-plugin-died",
        f"plugin {plugin} has not answered: {died.reason}",
        at=Place(field=plugin),
        why="a file that it was given is damaged, made to do harm, or larger than any real one; or "
        "the plugin has an error",
        fix="nothing that was stored is lost; try again with fewer files; if that fails as well, "
        "report it to the plugin's author",
    )


def worker_died(plugin: str, died: WorkerDied) -> PluginFailed:
    """Return the error for a record that ended the worker process that derived it."""
    return PluginFailed(
        "FG-plugin-died",
        f"plugin {plugin} could not read this record: {died.reason}",
        at=Place(field=plugin),
        why="the record is damaged, made to do harm, or larger than any real workout; or the "
        "plugin has an error",
        fix="the record is kept, and the next version of the plugin tries it again; if it is a "
        "real workout, report it to the plugin's author",
    )


def checked(result: Any, redact: Redact) -> Any:
    """Return the result of a worker, or raise the failure that it returned."""
    if isinstance(result, FitglueError):
        redact_exception(result, redact)
        raise result
    return result


def redacted(results: Sequence[Derived], redact: Redact) -> list[Derived]:
    """Remove secrets from the errors of results, and return the results.

    A worker cannot do that, because it does not know the secrets. A plugin may nevertheless quote
    one there, for example from a response that repeats the key.
    """
    for result in results:
        if result.refused is not None:
            redact_exception(result.refused, redact)
    return list(results)
