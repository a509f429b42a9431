"""Fixtures for a registry in a temporary folder with the smallest valid entries."""

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
    """A registry whose entries are valid except for what a test changes."""

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
        """Write a valid entry with changes.

        Args:
            where: Path in the registry; the name of the file is the id.
            more: Text that is appended.
            changed: Top-level keys and their YAML; ``None`` leaves a key out.
        """
        lines = LINES | {"id": where.rpartition("/")[2].removesuffix(".yaml")} | changed
        return self.write(
            where,
            "".join(f"{key}: {value}\n" for key, value in lines.items() if value is not None)
            + more,
        )

    def complaints(self):
        """Return all errors of a check as text, with paths relative to the registry."""
        return "\n".join(self.shown(error) for error in check(self.root, other_folders=[]).errors)

    def shown(self, error):
        """Return an error as text."""
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
    """A function that loads a catalogue from the cache, or reads it and writes the cache."""

    def load(cache_folder, folders):
        cache = CatalogueCache(cache_folder, folders)
        kept = cache.read()
        if kept is not None:
            return kept
        loaded = load_catalogue(folders)
        cache.write(loaded)
        return loaded

    return load
