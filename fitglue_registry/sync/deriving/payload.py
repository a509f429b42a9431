"""Normalizes a payload that somebody saved, without a connection and a store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError
from fitglue_registry.sync.deriving.deriver import Deriver, goes_to_quarantine
from fitglue_registry.sync.deriving.in_worker import bare, plugins_of

if TYPE_CHECKING:
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugins import Plugins, PluginsRecipe
    from fitglue_registry.registry import Entry

    #: (external id, its source activities or why they are refused), in the order of the payload.
    Normalized = list[tuple[str, list[SourceActivity] | FitglueError]]


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved payload.

    Attributes:
        content: The payload.
        name: The name of its file, for messages.
        streams: The samples, if they are in a payload of their own.
    """

    content: bytes
    name: str
    streams: bytes | None


def normalize_payload(
    plugins: Plugins,
    entry: Entry,
    saved: Saved,
) -> Normalized:
    """Normalize every record of a saved payload.

    Raises:
        FitglueError: The plugin does not read the payload, or an error that would stop a sync.
    """
    deriver = Deriver(plugins, entry)
    results: Normalized = []
    records = plugins.of(entry).offline_records(
        saved.content,
        saved.name,
        saved.streams,
    )
    for record in records:
        try:
            results.append((record.external_id, deriver.check(record)))
        except FitglueError as error:
            if not goes_to_quarantine(error):
                raise
            results.append((record.external_id, error))
    return results


def normalize_in_worker(
    recipe: PluginsRecipe,
    entry: Entry,
    saved: Saved,
) -> Normalized | FitglueError:
    """Normalize a saved payload in a worker process.

    Returns:
        The results, or the failure; each error has only its parts, so that it can be pickled.
    """
    try:
        results = normalize_payload(plugins_of(recipe), entry, saved)
    except FitglueError as error:
        return bare(error)
    portable: Normalized = []
    for external_id, result in results:
        if isinstance(result, FitglueError):
            portable.append((external_id, bare(result)))
        else:
            portable.append((external_id, result))
    return portable
