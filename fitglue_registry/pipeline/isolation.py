"""Tells failures that concern one activity or one delivery from those that stop a whole run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import StoreFailed

if TYPE_CHECKING:
    from fitglue_registry.errors import FitglueError

#: What is wrong with one row or one file of the store; the others can still be read.
_OF_ONE_ROW = frozenset(
    {
        "FG-blob-damaged",
        "FG-blob-missing",
        "FG-blob-unreadable",
        "FG-raw-damaged",
        "FG-store-damaged",
    }
)


def stops_the_run(error: FitglueError) -> bool:
    """Return whether a failure would happen to every other activity as well."""
    return isinstance(error, StoreFailed) and error.code not in _OF_ONE_ROW
