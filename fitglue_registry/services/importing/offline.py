"""Normalizes saved payloads and matches labeled records, without a connection."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from fitglue_registry.dedupe.labeled import predict, read_records, write_predictions
from fitglue_registry.errors import FitglueError, Place, UserMistake
from fitglue_registry.model.stored import Verdict
from fitglue_registry.sync.deriving.deriver import Deriver, goes_to_quarantine

if TYPE_CHECKING:
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.workspace import Workspace

    #: (external id, its source activities or why they are refused), in the order of the payload.
    Normalized = list[tuple[str, list[SourceActivity] | FitglueError]]

#: The name of a payload that is not a file, for messages.
_STANDARD_INPUT = "standard input"
#: For the activity in saved.json, the streams are in saved.streams.json and so on.
_STREAMS_ENDINGS = (".streams.json", "-streams.json", "_streams.json", ".streams.json.gz")


@dataclass(frozen=True, slots=True)
class OfflineMatch:
    """The number of records that were compared, and of pairs that are the same or unsure."""

    records: int
    same: int
    asked: int


def match_offline(records: Path, predictions: Path) -> OfflineMatch:
    """Match labeled records; see ``Imports.match_offline``."""
    labeled = read_records(records)
    predicted = predict(labeled)
    write_predictions(predictions, predicted)
    same = sum(pair.verdict == Verdict.SAME for pair in predicted)
    return OfflineMatch(len(labeled), same, len(predicted) - same)


def normalize_offline(
    workspace: Workspace,
    source: str,
    content: bytes,
    name: str,
    streams: bytes | None,
) -> Normalized:
    """Normalize a saved payload; see ``Imports.normalize_offline``."""
    entry = workspace.catalogue.get("source", source)
    workspace.plugins.load(entry)
    deriver = Deriver(workspace.plugins, entry)
    results: Normalized = []
    for record in workspace.plugins.of(entry).offline_records(content, name, streams):
        try:
            results.append((record.external_id, deriver.check(record)))
        except FitglueError as error:
            # An error that would stop a sync stops here as well.
            if not goes_to_quarantine(error):
                raise
            results.append((record.external_id, error))
    return results


def normalize_saved(
    workspace: Workspace,
    source: str,
    payload: str | Path | BinaryIO,
    streams: str | Path | None,
) -> Normalized:
    """Normalize a payload in a file; see ``Imports.normalize_saved``."""
    # First, so that a wrong id of a source is reported before a missing file.
    workspace.catalogue.get("source", source)
    samples = _read(Path(streams)) if streams else None
    if not isinstance(payload, str | Path):
        content = _read(payload)
        return normalize_offline(workspace, source, content, _STANDARD_INPUT, samples)
    file = Path(payload)
    content = _read(file)
    if samples is None:
        samples = _streams_beside(file)
    return normalize_offline(workspace, source, content, str(payload), samples)


def _read(file: Path | BinaryIO) -> bytes:
    try:
        if isinstance(file, Path):
            return file.expanduser().read_bytes()
        return file.read()
    except OSError as error:
        raise UserMistake(
            "FG-file-unreadable",
            "the file cannot be read",
            at=Place(str(file) if isinstance(file, Path) else _STANDARD_INPUT),
            why=error.strerror,
            fix="name an existing file that you may read",
        ) from error


def _streams_beside(file: Path) -> bytes | None:
    for ending in _STREAMS_ENDINGS:
        streams = file.with_name(f"{file.stem}{ending}")
        if streams.is_file():
            return streams.read_bytes()
    return None
