"""Tools that need no connection: normalizing saved payloads, and matching labelled records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.dedupe.labelled import predict, read_records, write_predictions
from fitglue_registry.errors import FitglueError
from fitglue_registry.model.stored import Verdict
from fitglue_registry.sync.deriving.deriver import Deriver, goes_to_quarantine

if TYPE_CHECKING:
    from pathlib import Path

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.workspace import Workspace

    #: (external id, its source activities or why they are refused), in the order of the payload.
    Normalized = list[tuple[str, list[SourceActivity] | FitglueError]]


@dataclass(frozen=True, slots=True)
class OfflineMatch:
    """How many records were compared, and how many pairs are one workout or are asked about."""

    records: int
    same: int
    asked: int


def match_offline(records: Path, predictions: Path) -> OfflineMatch:
    """Compare labelled records, and write the pairs that are one workout or would be asked about.

    Raises ``UserMistake`` where a file cannot be read or written.
    """
    labelled = read_records(records)
    predicted = predict(labelled)
    write_predictions(predictions, predicted)
    same = sum(pair.verdict == Verdict.SAME for pair in predicted)
    return OfflineMatch(len(labelled), same, len(predicted) - same)


def normalize_offline(
    workspace: Workspace,
    source: str,
    content: bytes,
    name: str,
    streams: bytes | None,
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
