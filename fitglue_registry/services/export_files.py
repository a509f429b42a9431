"""Writes an export to a file at the place that a person names."""

from __future__ import annotations

from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING

from fitglue_registry.output_files import output_file
from fitglue_registry.services.original_files import not_written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import TextIO


@contextmanager
def export_file(
    path: Path,
    beginning: str,
    on_aside: Callable[[Path], None] | None = None,
) -> Iterator[TextIO]:
    """Write an export, which appears under its name only when it is complete.

    Args:
        path: The file, or a FIFO or a character device, which is written to.
        beginning: How each export of this kind begins. An earlier one is replaced, and so is an
            empty file; any other file is moved aside and kept.
        on_aside: Called with the new path of a file that was moved aside.

    Yields:
        The open file.

    Raises:
        UserMistake: FG-path-unusable if the place is a link, a folder or a disk.
        StoreFailed: FG-export-failed if the file cannot be written; what was there is unchanged.
    """
    start = beginning.encode()
    try:
        with output_file(path, lambda head: head.startswith(start), on_aside) as binary:
            text = TextIOWrapper(binary, encoding="utf-8", newline="")
            try:
                yield text
                text.flush()
            finally:
                # The file is closed where it was opened.
                text.detach()
    except OSError as error:
        raise not_written(path, error) from error
