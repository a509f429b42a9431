"""Where entries lie: the folders of a registry, the kind that each stands for, and the catalogue that travels with the host."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

BUILT_IN = "built in"

KIND_OF_FOLDER = {"integrations": "integration", "sources": "source", "enrichers": "enricher",
                  "boosters": "enricher", "destinations": "destination"}


class Folder(NamedTuple):
    """A folder of entries, and the distribution that brought it."""

    path: Path
    origin: str = BUILT_IN


def default_folder() -> Path:
    """The catalogue that travels with the host: inside its wheel, else beside the package in a checkout."""
    package = Path(__file__).parent.parent
    packed = package / "catalogue"
    return packed if packed.is_dir() else package.parent / "registry"


def entry_files(root: Path) -> list[Path]:
    """The entries of a registry folder: every ``*.yaml`` in a folder below it, in order."""
    if not root.is_dir():
        return []
    folders = sorted(found.path for found in os.scandir(root) if found.is_dir() and not found.name.startswith((".", "_")))
    return [Path(path) for folder in folders for path in sorted(found.path for found in os.scandir(folder)) if path.endswith(".yaml")]
