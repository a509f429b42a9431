"""A registry in a temporary folder: the smallest valid entries, and what a check says about
them.
"""

import pytest

from fitglue_registry.registry import Folder
from fitglue_registry.registry.cache import CatalogueCache
from fitglue_registry.registry.check import check
from fitglue_registry.registry.loading import load_catalogue

LINES = {
    "schema": "1",
    "kind": "source",
    "id": "demo",
    "name": "Demo",
    "summary": "Workouts of a demonstration.",
    "plugin": "fitglue-demo",
    "tier": "hobbyist",
}
TIERS = "schema: 1\ntiers:\n  - {id: hobbyist, name: Hobbyist}\n  - {id: athlete, name: Athlete}\n"


class Registry:
    """Writes entries that differ from a valid one only in what the test states."""

    def __init__(self, root):
        self.root = root
        self.folder = Folder(root, "demo-distribution")
        self.write("tiers.yaml", TIERS)

    def write(self, name, text):
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def add(self, where="sources/demo.yaml", /, more="", **changed):
        """Write an entry at ``where``: its id from the file, ``changed`` lines (None: left out),
        and ``more`` text at the end.
        """
        lines = LINES | {"id": where.rpartition("/")[2].removesuffix(".yaml")} | changed
        return self.write(
            where,
            "".join(f"{key}: {value}\n" for key, value in lines.items() if value is not None)
            + more,
        )

    def complaints(self):
        """Everything that a check has to say, as a person reads it, with files named from the
        root.
        """
        return "\n".join(self.shown(error) for error in check(self.root, beside=[]).errors)

    def shown(self, error):
        """One error as a person reads it."""
        lines = [
            f"{error.at}: {error.code}: {error.what}",
            error.why and f"why: {error.why}",
            error.fix and f"fix: {error.fix}",
        ]
        return "\n".join(filter(None, lines)).replace(f"{self.root}/", "")


@pytest.fixture
def registry(tmp_path):
    return Registry(tmp_path / "registry")


@pytest.fixture
def load_through():
    """Loads a catalogue as a host does: from the cache in a folder, or anew, and then kept."""

    def load(cache_folder, folders):
        cache = CatalogueCache(cache_folder, folders)
        kept = cache.read()
        if kept is not None:
            return kept
        loaded = load_catalogue(folders)
        cache.write(loaded)
        return loaded

    return load
