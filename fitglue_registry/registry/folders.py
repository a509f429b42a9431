"""Where entries are: the folders of a registry, and the catalogue that is part of the host."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

BUILT_IN = "built in"
MOST_ENTRIES = 5000


class Folder(NamedTuple):
    """A folder of entries, and the distribution that brought it."""

    path: Path
    origin: str = BUILT_IN


def default_folder() -> Path:
    """The catalogue that is part of the host: inside its wheel, else beside the package in a
    checkout.
    """
    package = Path(__file__).parent.parent
    in_wheel = package / "catalogue"
    if in_wheel.is_dir():
        return in_wheel
    return package.parent / "registry"


def entry_files(root: Path) -> list[Path]:
    """The entries of a registry folder: every ``*.yaml`` in a folder below it, in order; a folder
    that cannot be read stands for itself.

    Of more than ``MOST_ENTRIES`` the first are taken: ``too_many`` says so.
    """
    return list(islice(_entry_files(root), MOST_ENTRIES))


def too_many(root: Path) -> bool:
    """Whether the folder holds more than anybody will ever write, so that some of it is left
    out.
    """
    return next(islice(_entry_files(root), MOST_ENTRIES, None), None) is not None


def _entry_files(root: Path) -> Iterator[Path]:
    for folder in sorted(_folders(root)):
        try:
            paths = [file.path for file in os.scandir(folder)]
        except OSError:
            yield Path(folder)  # reading it will say why
            continue
        for path in sorted(paths):
            if path.endswith(".yaml"):
                yield Path(path)


def _folders(root: Path) -> Iterator[str]:
    with suppress(OSError):  # not there, not ours to read, or a link to itself
        for item in os.scandir(root):
            if not item.name.startswith((".", "_")) and _is_folder(item):
                yield item.path


def _is_folder(item: os.DirEntry[str]) -> bool:
    try:
        return item.is_dir()
    except OSError:  # a link that leads to itself
        return False
