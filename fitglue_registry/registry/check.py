"""Finds every error of a registry folder in one go: each entry on its own, and all of them
together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.errors import EntryInvalid, Place, UserMistake
from fitglue_registry.registry.folders import BUILT_IN, Folder, default_folder, entry_files
from fitglue_registry.registry.loading import load_catalogue
from fitglue_registry.registry.reading import Reading, read_entry, read_merge_rules, read_tiers
from fitglue_registry.registry.relations import Surroundings, circle_of, circular_dependency

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from fitglue_registry.registry.catalogue import Catalogue
    from fitglue_registry.registry.entry import Entry, Tier


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, what can be used of it, and everything that is wrong, in the order of
    files and lines.
    """

    folder: Path
    files: int
    entries: tuple[Entry, ...]
    errors: tuple[EntryInvalid, ...]


def check(folder: Path, beside: Sequence[Folder] | None = None) -> Report:
    """Check a registry folder; its entries may depend on those of the folders ``beside`` it (by
    default, on the built-in catalogue).

    Raises ``UserMistake`` (FG-registry-missing, FG-registry-empty) where there is nothing to check.
    """
    files = entry_files(folder)
    _require_something(folder, files)
    if beside is None:
        beside = _beside(folder)
    others = load_catalogue(beside)
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
            "there is no such folder",
            at=at,
            fix="name a folder that holds sources/ID.yaml",
        )
    if not files and not (folder / "tiers.yaml").is_file():
        raise UserMistake(
            "FG-registry-empty",
            "the folder holds no entries",
            at=at,
            fix="an entry is sources/ID.yaml or the like",
        )


def _beside(folder: Path) -> list[Folder]:
    built_in = default_folder()
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
    """Files that look like entries and are not where entries are."""
    suspects = [*folder.glob("*.y*ml"), *folder.glob("*/*.yml")]
    for file in sorted(suspects):
        if file.name not in ("tiers.yaml", "merge.yaml"):
            yield EntryInvalid(
                "FG-entry-misplaced",
                f"{file.name} is not read",
                at=Place(str(file)),
                why="entries are in folders of their kind and end in .yaml",
                fix="move it to sources/ID.yaml or the like",
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


def _check_relations(
    readings: Sequence[Reading],
    others: Catalogue,
    tiers: Sequence[Tier],
    root: Path,
) -> None:
    known = {entry.key: entry for entry in others}
    known |= {reading.draft.key: reading.draft for reading in readings if reading.draft}
    surroundings = Surroundings(known, (*others.tiers, *tiers), root)
    for reading in readings:
        if reading.draft:
            reading.refuse_all(surroundings.flaws(reading.draft))
    _check_circles(readings, known)


def _check_circles(readings: Iterable[Reading], known: Mapping[str, Entry]) -> None:
    """Refuse each circle of dependencies once, in the first entry that is part of it."""
    seen: set[frozenset[str]] = set()
    for reading in readings:
        circle = circle_of(reading.draft, known) if reading.draft else None
        if reading.draft and circle and frozenset(circle) not in seen:
            seen.add(frozenset(circle))
            reading.refuse(circular_dependency(reading.draft, circle))
