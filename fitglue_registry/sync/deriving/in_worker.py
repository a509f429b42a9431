"""Derives records inside a worker process, and makes the results fit to be sent to its parent."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError
from fitglue_registry.plugins import Plugins
from fitglue_registry.sync.deriving.deriver import Derived, Deriver

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.plugin_api import Record
    from fitglue_registry.plugins import PluginsRecipe
    from fitglue_registry.registry import Entry


@cache
def plugins_of(recipe: PluginsRecipe) -> Plugins:
    """Return the plugins in this worker, which loads them once and not for each batch."""
    return Plugins.from_recipe(recipe)


def derive_in_worker(
    entry: Entry,
    records: Sequence[Record],
    recipe: PluginsRecipe,
) -> list[Derived] | FitglueError:
    """Derive a batch of records in a worker process.

    Returns:
        Results that can be pickled, or the failure that concerns the whole connection.
    """
    try:
        deriver = Deriver(plugins_of(recipe), entry)
        return [bare_result(derived) for derived in deriver.derive_all(records)]
    except FitglueError as error:
        return bare(error)


def bare_result(derived: Derived) -> Derived:
    """Return a result whose error has only its parts."""
    if derived.refused is None:
        return derived
    return replace(derived, refused=bare(derived.refused))


def bare(error: FitglueError) -> FitglueError:
    """Return a copy of an error with only its parts.

    A plugin can attach any object to an exception, also through its cause or traceback. Such an
    object may be impossible to pickle, and unpickling it would run code in the process of the host.
    """
    return type(error)(
        error.code,
        error.what,
        at=error.at,
        why=error.why,
        fix=error.fix,
    )
