"""The loading of folders of entries into a catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import EntryInvalid, Place
from fitglue_registry.registry.catalogue import Catalogue
from fitglue_registry.registry.folders import (
    MOST_ENTRIES,
    Folder,
    default_folder,
    entry_files,
    has_too_many_entries,
)
from fitglue_registry.registry.reading import read_entry, read_merge_rules, read_tiers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fitglue_registry.registry.entry import Entry, Tier
    from fitglue_registry.registry.merge_rules import MergeRules


def load_catalogue(folders: Sequence[Folder] | None = None) -> Catalogue:
    """Return the catalogue of all entries in some folders.

    If two folders have the same entry, the one in the first folder is used and the other one is
    reported as a problem.

    Args:
        folders: Folders in the order of their priority; by default only the built-in one.
    """
    if folders is None:
        folders = [Folder(default_folder())]
    loader = _Loader()
    for folder in folders:
        loader.add_folder(folder)
    rules = loader.merge_rules(folders)
    return Catalogue(loader.entries.values(), loader.tiers, loader.problems, rules)


class _Loader:
    """A collector of the entries and tiers of several folders, and of their errors."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.tiers: list[Tier] = []
        self.problems: list[EntryInvalid] = []

    def add_folder(self, folder: Folder) -> None:
        # A distribution can name a folder that its wheel lacks; the other folders are still read.
        if not folder.path.is_dir():
            self.problems.append(_missing(folder))
        tiers = folder.path / "tiers.yaml"
        if tiers.is_file():
            self._add_tiers(tiers)
        if has_too_many_entries(folder.path):
            self.problems.append(_too_many(folder.path))
        for file in entry_files(folder.path):
            self._add_entry(file, folder.origin)

    def _add_tiers(self, file: Path) -> None:
        tiers, problems = read_tiers(file)
        self.problems += problems
        # Unlike an entry, a tier may be defined again, and its first definition is used.
        known = {tier.id for tier in self.tiers}
        self.tiers += [tier for tier in tiers if tier.id not in known]

    def _add_entry(self, file: Path, origin: str) -> None:
        reading = read_entry(file, origin)
        if reading.entry:
            first = self.entries.setdefault(reading.entry.key, reading.entry)
            if first is not reading.entry:
                reading.refuse_duplicate(first)
        self.problems += reading.errors

    def merge_rules(self, folders: Sequence[Folder]) -> MergeRules | None:
        """Return the rules of the first folder with a ``merge.yaml``, or else the built-in ones."""
        for folder in (*folders, Folder(default_folder())):
            file = folder.path / "merge.yaml"
            # The first file decides even if it is invalid; then no special rules apply.
            if file.is_file():
                rules, problems = read_merge_rules(file)
                self.problems += problems
                return rules
        return None


def _missing(folder: Folder) -> EntryInvalid:
    return EntryInvalid(
        "FG-registry-missing",
        f"the folder with the entries of {folder.origin} does not exist",
        at=Place(str(folder.path)),
    )


def _too_many(folder: Path) -> EntryInvalid:
    return EntryInvalid(
        "FG-registry-too-big",
        f"the folder contains more than {MOST_ENTRIES:,} entries; only the first ones are used",
        at=Place(str(folder)),
        fix="remove the files that are not entries",
    )
