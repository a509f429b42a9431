"""Normalizes saved payloads and matches labeled records, without a connection."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from fitglue_registry.dedupe.labeled import predict, read_records, write_predictions
from fitglue_registry.errors import FitglueError
from fitglue_registry.input_files import STANDARD_INPUT, read_file, read_stream
from fitglue_registry.model.stored import Verdict
from fitglue_registry.redaction.exceptions import redact_exception
from fitglue_registry.registry.paths import expanded
from fitglue_registry.sync.deriving.payload import Saved, normalize_in_worker, normalize_payload
from fitglue_registry.sync.deriving.results import result_of
from fitglue_registry.sync.deriving.workers import has_files, limits_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_registry.sync.deriving.payload import Normalized
    from fitglue_registry.workspace import Workspace

#: For the activity in saved.json, the streams are in saved.streams.json and so on.
_STREAMS_ENDINGS = (".streams.json", "-streams.json", "_streams.json", ".streams.json.gz")


@dataclass(frozen=True, slots=True)
class OfflineMatch:
    """The number of records that were compared, and of pairs that are the same or unsure."""

    records: int
    same: int
    asked: int


def match_offline(
    records: Path,
    predictions: Path,
    on_aside: Callable[[Path], None] | None = None,
) -> OfflineMatch:
    """Match labeled records; see ``Imports.match_offline``."""
    labeled = read_records(records)
    predicted = predict(labeled)
    write_predictions(predictions, predicted, on_aside)
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
    plugins = workspace.plugins
    plugins.load(entry)
    saved = Saved(content, name, streams)
    if not has_files(entry):
        return normalize_payload(plugins, entry, saved)
    # A foreign file is read only in a worker process.
    quotas = workspace.policy.quotas
    limits, recipe = limits_of(
        plugins,
        quotas,
        holds_file=True,
    )
    work = workspace.workers().submit(
        normalize_in_worker,
        recipe,
        entry,
        saved,
        limits=limits,
    )
    results: Normalized = result_of(work, entry.plugin.name, plugins.redact)
    for _, result in results:
        if isinstance(result, FitglueError):
            redact_exception(result, plugins.redact)
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
        return normalize_offline(workspace, source, content, STANDARD_INPUT, samples)
    file = Path(payload)
    content = _read(file)
    if samples is None:
        samples = _streams_beside(file)
    return normalize_offline(workspace, source, content, str(payload), samples)


def _read(file: Path | BinaryIO) -> bytes:
    return read_file(expanded(file)) if isinstance(file, Path) else read_stream(file)


def _streams_beside(file: Path) -> bytes | None:
    file = expanded(file)
    for ending in _STREAMS_ENDINGS:
        streams = file.with_name(f"{file.stem}{ending}")
        if _is_file(streams):
            return read_file(streams)
    return None


def _is_file(path: Path) -> bool:
    # The longer name may be too long for a file.
    with suppress(OSError):
        return path.is_file()
    return False
