"""The check of a registry folder, which reports all errors of all entries at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.errors import EntryInvalid, Place, UserMistake
from fitglue_registry.registry.folders import BUILT_IN, Folder, default_folder, entry_files
from fitglue_registry.registry.loading import load_catalogue
from fitglue_registry.registry.reading import Reading, read_entry, read_merge_rules, read_tiers
from fitglue_registry.registry.relations import (
    ReferenceTargets,
    circular_dependency,
    dependency_cycle,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from fitglue_registry.registry.catalogue import Catalogue
    from fitglue_registry.registry.entry import Entry, Tier


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a check.

    Attributes:
        folder: Folder that was checked.
        files: Number of files that were read as entries.
        entries: Entries without any error.
        errors: All errors in the order of files and lines.
    """

    folder: Path
    files: int
    entries: tuple[Entry, ...]
    errors: tuple[EntryInvalid, ...]


def check(folder: Path, other_folders: Sequence[Folder] | None = None) -> Report:
    """Check every entry of a registry folder, alone and together with the others.

    Args:
        folder: Registry folder to check.
        other_folders: Folders with further entries that the checked ones may refer to; by default
            the built-in catalogue.

    Raises:
        UserMistake: If the folder does not exist (FG-registry-missing) or contains no entries
            (FG-registry-empty).
    """
    files = entry_files(folder)
    _require_something(folder, files)
    if other_folders is None:
        other_folders = _default_other_folders(folder)
    others = load_catalogue(other_folders)
    readings = [read_entry(file, BUILT_IN) for file in files]
    tiers, wrong_tiers = _tiers(folder)
    _check_duplicates(readings, others)
    _check_relations(readings, others, tiers, folder)
    errors = [*wrong_tiers, *_wrong_merge_rules(folder), *_misplaced(folder)]
    usable: list[Entry] = []
    for reading in readings:
        errors += reading.errors
        if reading.entry and not reading.errors:
            usable.append(reading.entry)
    errors.sort(key=_position)
    return Report(folder, len(files), tuple(usable), tuple(errors))


def _require_something(folder: Path, files: Sequence[Path]) -> None:
    at = Place(str(folder))
    if not folder.is_dir():
        raise UserMistake(
            "FG-registry-missing",
            "the folder does not exist",
            at=at,
            fix="name a folder that contains entries, such as sources/ID.yaml",
        )
    if not files and not (folder / "tiers.yaml").is_file():
        raise UserMistake(
            "FG-registry-empty",
            "the folder contains no entries",
            at=at,
            fix="add an entry, for example sources/ID.yaml",
        )


def _default_other_folders(folder: Path) -> list[Folder]:
    built_in = default_folder()
    # If the built-in catalogue were compared with itself, each entry would be its own duplicate.
    if folder.resolve() == built_in.resolve():
        return []
    return [Folder(built_in)]


def _position(error: EntryInvalid) -> tuple[str, int, int]:
    at = error.at or Place()
    return at.file or "", at.line or 0, at.column or 0


def _tiers(folder: Path) -> tuple[tuple[Tier, ...], list[EntryInvalid]]:
    file = folder / "tiers.yaml"
    return read_tiers(file) if file.is_file() else ((), [])


def _wrong_merge_rules(folder: Path) -> list[EntryInvalid]:
    file = folder / "merge.yaml"
    if not file.is_file():
        return []
    _, errors = read_merge_rules(file)
    return errors


def _misplaced(folder: Path) -> Iterator[EntryInvalid]:
    """Yield an error for each file that looks like an entry but is not read."""
    # Entries directly in the folder, and the other usual suffix of YAML files, are usual mistakes.
    suspects = [*folder.glob("*.y*ml"), *folder.glob("*/*.yml")]
    for file in sorted(suspects):
        if file.name not in ("tiers.yaml", "merge.yaml"):
            yield EntryInvalid(
                "FG-entry-misplaced",
                f"{file.name} is not read",
                at=Place(str(file)),
                why="the file of an entry ends in .yaml and is in the folder of its kind",
                fix="move it, for example to sources/ID.yaml",
            )


def _check_duplicates(readings: Iterable[Reading], others: Catalogue) -> None:
    first = {entry.key: entry for entry in others}
    for reading in readings:
        if reading.draft is None:
            continue
        if reading.draft.key in first:
            reading.refuse_duplicate(first[reading.draft.key])
        else:
            first[reading.draft.key] = reading.draft


# Entries with errors take part in the next two checks as drafts. Otherwise one error in an entry
# would make every entry that depends on it look wrong as well.


def _check_relations(
    readings: Sequence[Reading],
    others: Catalogue,
    tiers: Sequence[Tier],
    root: Path,
) -> None:
    known = {entry.key: entry for entry in others}
    known |= {reading.draft.key: reading.draft for reading in readings if reading.draft}
    targets = ReferenceTargets(known, (*others.tiers, *tiers), root)
    for reading in readings:
        if reading.draft:
            reading.refuse_all(targets.flaws(reading.draft))
    _check_cycles(readings, known)


def _check_cycles(readings: Iterable[Reading], known: Mapping[str, Entry]) -> None:
    """Report each cycle of dependencies once, in the first entry that is part of it."""
    seen: set[frozenset[str]] = set()
    for reading in readings:
        cycle = dependency_cycle(reading.draft, known) if reading.draft else None
        if reading.draft and cycle and frozenset(cycle) not in seen:
            seen.add(frozenset(cycle))
            reading.refuse(circular_dependency(reading.draft, cycle))
