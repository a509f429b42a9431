"""Counts the files that were found and opened, so that the host can show how far a search is."""

from __future__ import annotations

from fitglue_registry.file_counts import note_files

_found = 0
_opened = 0


def start_again() -> None:
    """Begin to count, because the paths of another call are searched."""
    global _found, _opened
    _found = 0
    _opened = 0


def file_found() -> None:
    """Count a file that was found."""
    global _found
    _found += 1
    note_files(_opened, _found)


def file_opened() -> None:
    """Count a file whose first bytes were looked at."""
    global _opened
    # Several sources may look at the same file.
    _opened = min(_opened + 1, _found)
    note_files(_opened, _found)
