"""Normalizes saved payloads without a connection, for whoever writes a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError
from fitglue_registry.sync.deriving.deriver import Deriver, goes_to_quarantine

if TYPE_CHECKING:
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.workspace import Workspace

    #: (external id, its source activities or why they are refused), in the order of the payload.
    Normalized = list[tuple[str, list[SourceActivity] | FitglueError]]


def normalize_offline(
    workspace: Workspace, source: str, content: bytes, name: str, streams: bytes | None
) -> Normalized:
    """The source activities in a saved payload, by the plugin of a source.

    Raises ``RecordRefused`` where the whole payload is something else.
    """
    entry = workspace.catalogue.get("source", source)
    workspace.plugins.load(entry)
    deriver = Deriver(workspace.plugins, entry)
    results: Normalized = []
    for record in workspace.plugins.of(entry).offline_records(content, name, streams):
        try:
            results.append((record.external_id, deriver.check(record)))
        except FitglueError as error:
            if not goes_to_quarantine(error):
                raise
            results.append((record.external_id, error))
    return results
