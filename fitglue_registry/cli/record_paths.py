"""Names records by the paths of their files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def shown_paths(paths: list[str]) -> str:
    """Return the first path of a file, and how many others have the same content."""
    if len(paths) < 2:
        return "".join(paths)
    return f"{paths[0]} and {len(paths) - 1:,} more"


def where_and_what(row: Mapping[str, Any]) -> str:
    """Return what is wrong with a record, after the path of its file if it is not named there."""
    paths: list[str] = row["paths"]
    what: str = row["what"]
    # What is unreadable is named with its full path, which ends with the path below the folder.
    if not paths or paths[0] in what:
        return what
    # Without the title, which is a part of the path.
    title, _, reason = what.partition(": ")
    if reason and any(title in path for path in paths):
        what = reason
    return f"{shown_paths(paths)}: {what}"
