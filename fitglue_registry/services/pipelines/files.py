"""Reads the document of a pipeline from a file that a person names, or from standard input."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from fitglue_registry.input_files import read_file, read_stream
from fitglue_registry.pipeline.reading import plain_values

if TYPE_CHECKING:
    from pathlib import Path


def read_document(path: Path | None) -> bytes:
    """Return the content of a file.

    Args:
        path: The file; ``None`` for standard input.

    Raises:
        UserMistake: FG-file-unreadable or FG-file-too-large.
    """
    if path is None:
        return read_stream(sys.stdin.buffer)
    return read_file(path)


def read_condition(path: Path) -> Any:
    """Return the condition in a file as plain values; it is checked as part of a pipeline.

    Args:
        path: The file, in YAML or JSON.

    Raises:
        UserMistake: FG-file-unreadable, FG-file-too-large or FG-pipeline-not-yaml.
    """
    return plain_values(read_file(path), str(path))
