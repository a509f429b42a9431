"""The folders that contain entries, and the files of the entries in them."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

BUILT_IN = "built in"
"""Origin of the entries that come with the host."""

MOST_ENTRIES = 5000
"""Number of entries that are read from one folder; a folder with more is not a registry."""


class Folder(NamedTuple):
    """A folder of entries, and the name of the distribution that it belongs to."""

    path: Path
    origin: str = BUILT_IN


def default_folder() -> Path:
    """Return the folder of the built-in catalogue.

    It is inside the package in a wheel, and beside the package in a checkout.
    """
    package = Path(__file__).parent.parent
    in_wheel = package / "catalogue"
    if in_wheel.is_dir():
        return in_wheel
    return package.parent / "registry"


def entry_files(root: Path) -> list[Path]:
    """Return the files of a registry folder's entries: ``*.yaml`` in its subfolders, sorted.

    The list has at most ``MOST_ENTRIES`` files; see ``has_too_many_entries``. For a subfolder that
    cannot be listed, it has the path of the subfolder itself, so that reading it reports why.
    """
    return list(islice(_entry_files(root), MOST_ENTRIES))


def has_too_many_entries(root: Path) -> bool:
    """Return whether a folder has more than ``MOST_ENTRIES`` entries, so that some are ignored."""
    return next(islice(_entry_files(root), MOST_ENTRIES, None), None) is not None


def _entry_files(root: Path) -> Iterator[Path]:
    for folder in sorted(_folders(root)):
        try:
            paths = [file.path for file in os.scandir(folder)]
        except OSError:
            yield Path(folder)  # whoever reads it gets the reason
            continue
        for path in sorted(paths):
            if path.endswith(".yaml"):
                yield Path(path)


def _folders(root: Path) -> Iterator[str]:
    with suppress(OSError):  # it does not exist, is not readable, or is a link to itself
        for item in os.scandir(root):
            if not item.name.startswith((".", "_")) and _is_folder(item):
                yield item.path


def _is_folder(item: os.DirEntry[str]) -> bool:
    try:
        return item.is_dir()
    except OSError:  # a link to itself
        return False
