"""Finds every error of a registry folder in one go: each entry on its own, and all of them
together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.errors import EntryInvalid, Place, UserMistake
from fitglue_registry.registry.catalogue import Catalogue
from fitglue_registry.registry.folders import BUILT_IN, Folder, default_folder, entry_files
from fitglue_registry.registry.reading import Reading, read_entry, read_merge_rules, read_tiers
from fitglue_registry.registry.rules import ADDRESS
from fitglue_registry.validation.wording import nearest, one_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from fitglue_registry.registry.entry import Entry, Link, Tier

_REFERENCE = re.compile(r"(integration|source|enricher|booster|destination)/[a-z0-9-]+")


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
    """Check a registry folder; its entries may depend on those of the folders ``beside`` it (none
    said: the built-in catalogue).

    Raises ``UserMistake`` (FG-registry-missing, FG-registry-empty) where there is nothing to check.
    """
    files = entry_files(folder)
    if not folder.is_dir():
        raise UserMistake(
            "FG-registry-missing",
            "there is no such folder",
            at=Place(str(folder)),
            fix="name a folder that holds sources/ID.yaml",
        )
    if not files and not (folder / "tiers.yaml").is_file():
        raise UserMistake(
            "FG-registry-empty",
            "the folder holds no entries",
            at=Place(str(folder)),
            fix="an entry is sources/ID.yaml or the like",
        )
    others = Catalogue.load(_beside(folder) if beside is None else beside)
    readings = [read_entry(file, BUILT_IN) for file in files]
    tiers, errors = (
        read_tiers(folder / "tiers.yaml") if (folder / "tiers.yaml").is_file() else ((), [])
    )
    _refuse_duplicates(readings, others)
    known = {entry.key: entry for entry in others} | {
        reading.draft.key: reading.draft for reading in readings if reading.draft
    }
    for reading in readings:
        if reading.draft:
            _refuse_dangling(reading, reading.draft, known)
            _refuse_tier(reading, reading.draft, (*others.tiers, *tiers))
            _refuse_dead_links(reading, reading.draft, known, folder)
    _refuse_circles(readings, known)
    wrong_rules = (
        read_merge_rules(folder / "merge.yaml")[1] if (folder / "merge.yaml").is_file() else []
    )
    errors = [
        *errors,
        *wrong_rules,
        *_misplaced(folder),
        *(error for reading in readings for error in reading.errors),
    ]
    usable = tuple(reading.entry for reading in readings if reading.entry and not reading.errors)
    return Report(folder, len(files), usable, tuple(sorted(errors, key=_position)))


def _beside(folder: Path) -> list[Folder]:
    return [] if folder.resolve() == default_folder().resolve() else [Folder(default_folder())]


def _position(error: EntryInvalid) -> tuple[str, int, int]:
    at = error.at or Place()
    return at.file or "", at.line or 0, at.column or 0


def _refuse_duplicates(readings: Iterable[Reading], others: Catalogue) -> None:
    first = {entry.key: entry for entry in others}
    for reading in readings:
        if reading.draft and reading.draft.key in first:
            reading.refuse_duplicate(first[reading.draft.key])
        elif reading.draft:
            first[reading.draft.key] = reading.draft


def _refuse_dangling(reading: Reading, entry: Entry, known: dict[str, Entry]) -> None:
    for number, name in enumerate(entry.dependencies):
        if name not in known:
            near = nearest(name, known)
            reading.refuse(
                "FG-entry-dangling-dependency",
                ("dependencies", number),
                f"there is no entry {name}",
                fix=f"did you mean {near}?"
                if near
                else "add that entry, or take the dependency out",
            )


def _refuse_tier(reading: Reading, entry: Entry, tiers: tuple[Tier, ...]) -> None:
    names = [tier.id for tier in tiers]
    if entry.tier not in names and entry.tier != "?":
        near = nearest(entry.tier, names)
        reading.refuse(
            "FG-entry-unknown-tier",
            ("tier",),
            f"tier {entry.tier!r} is unknown",
            why=f"tiers.yaml has {one_of(names)}",
            fix=f"did you mean {near}?" if near else "use one of those, or add the tier there",
        )


def _refuse_dead_links(reading: Reading, entry: Entry, known: dict[str, Entry], root: Path) -> None:
    for group, links in (("docs", entry.docs), ("related", entry.related)):
        for number, link in enumerate(links):
            if not _leads_somewhere(link, known, root):
                reading.refuse(
                    "FG-entry-dead-link",
                    (group, number, "url"),
                    f"link {link.url!r} leads nowhere",
                    why="it is no https address, no entry, and no file in the registry folder or "
                    "beside it",
                    fix="mend the link, or take it out",
                )


def _leads_somewhere(link: Link, known: dict[str, Entry], root: Path) -> bool:
    if ADDRESS.match(link.url):
        return True  # anything but https was refused already
    if _REFERENCE.fullmatch(link.url):
        return link.url.replace("booster/", "enricher/") in known
    home = root.resolve().parent
    paths = [(folder / link.url.partition("#")[0]).resolve() for folder in (root, home)]
    return any(path.is_relative_to(home) and path.is_file() for path in paths)


def _refuse_circles(readings: Iterable[Reading], known: dict[str, Entry]) -> None:
    seen: set[frozenset[str]] = set()
    for reading in readings:
        circle = _circle(reading.draft.key, known) if reading.draft else None
        if reading.draft and circle and frozenset(circle) not in seen:
            seen.add(frozenset(circle))
            reading.refuse(
                "FG-entry-circular-dependency",
                ("dependencies", reading.draft.dependencies.index(circle[1])),
                f"dependencies go round in a circle: {' → '.join(circle)}",
                fix="take one of them out",
            )


def _circle(start: str, known: dict[str, Entry]) -> list[str] | None:
    """The shortest way from an entry along dependencies back to itself."""
    ways, seen = [[start]], {start}
    for way in ways:
        for name in known[way[-1]].dependencies:
            if name == start:
                return [*way, start]
            if name in known and name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return None


def _misplaced(folder: Path) -> Iterator[EntryInvalid]:
    for file in sorted([*folder.glob("*.y*ml"), *folder.glob("*/*.yml")]):
        if file.name not in ("tiers.yaml", "merge.yaml"):
            yield EntryInvalid(
                "FG-entry-misplaced",
                f"{file.name} is not read",
                at=Place(str(file)),
                why="entries are in folders of their kind and end in .yaml",
                fix="move it to sources/ID.yaml or the like",
            )
