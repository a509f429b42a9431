"""Counts files while a worker process looks through them, for a person who waits."""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fitglue_registry.private_files import temporary_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: The numbers of files that were looked at and found, in memory that two processes share.
_NUMBERS = struct.Struct("<QQ")
#: Seconds between two looks at the numbers.
_LOOK_EVERY_S = 0.2
#: Seconds for the last look. It only reads memory.
_END_S = 5.0


class FileCounts(NamedTuple):
    """How many files were looked at so far, and how many were found so far."""

    looked_at: int
    found: int


#: Where this process writes its numbers; ``None`` if nobody waits for them.
_written: mmap.mmap | None = None


def note_files(looked_at: int, found: int) -> None:
    """Tell whoever waits how many files were looked at and found so far; quick enough for each."""
    if _written is not None:
        _NUMBERS.pack_into(_written, 0, looked_at, found)


@contextmanager
def written_to(path: str | None) -> Iterator[None]:
    """Let ``note_files`` write to a file that another process made with ``reported_to``.

    Args:
        path: The file, or ``None`` if nobody waits.
    """
    global _written
    if path is None:
        yield
        return
    with Path(path).open("r+b") as file, mmap.mmap(file.fileno(), _NUMBERS.size) as written:
        _written = written
        try:
            yield
        finally:
            _written = None


@contextmanager
def reported_to(report: Callable[[FileCounts], None] | None) -> Iterator[str | None]:
    """Yield the path of a file for ``written_to``, and report the numbers when they change.

    Args:
        report: Called from another thread; ``None`` if nobody waits.
    """
    if report is None:
        yield None
        return
    handle, path = temporary_file(Path(tempfile.gettempdir()), "fitglue-counts-")
    try:
        os.write(handle, bytes(_NUMBERS.size))
        with mmap.mmap(handle, _NUMBERS.size) as numbers:
            ended = threading.Event()
            thread = threading.Thread(target=_look, args=(numbers, report, ended), daemon=True)
            thread.start()
            try:
                yield str(path)
            finally:
                ended.set()
                thread.join(_END_S)
    finally:
        os.close(handle)
        with suppress(OSError):
            path.unlink()


def _look(
    numbers: mmap.mmap,
    report: Callable[[FileCounts], None],
    ended: threading.Event,
) -> None:
    """Report the numbers whenever they have changed, until the work has ended."""
    before = FileCounts(0, 0)
    is_last = False
    while not is_last:
        is_last = ended.wait(_LOOK_EVERY_S)
        counts = FileCounts(*_NUMBERS.unpack_from(numbers, 0))
        if counts != before:
            report(counts)
            before = counts
