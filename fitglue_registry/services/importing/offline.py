"""Tools that need no connection: normalizing saved payloads, and matching labelled records."""

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

#: What messages call a payload that is no file.
_STANDARD_INPUT = "standard input"
#: What the name of a file of streams has after that of the activity's file.
_STREAMS_ENDINGS = (".streams.json", "-streams.json", "_streams.json", ".streams.json.gz")


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


def normalize_saved(
    workspace: Workspace,
    source: str,
    payload: str | Path | BinaryIO,
    streams: str | Path | None,
) -> Normalized:
    """The source activities in a file, or in what standard input holds.

    Streams may lie beside a file where none are named. Raises ``UserMistake`` FG-unknown-entry,
    also where there is no such file, and FG-file-unreadable.
    """
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
            fix="name a file that is there and yours to read",
        ) from error


def _streams_beside(file: Path) -> bytes | None:
    for ending in _STREAMS_ENDINGS:
        beside = file.with_name(f"{file.stem}{ending}")
        if beside.is_file():
            return beside.read_bytes()
    return None
