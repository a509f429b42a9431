"""Folders of entries → one mapping of (kind, id) to entry, with what is wrong beside what works,
and a cache that is never stale.
"""

from __future__ import annotations

import os
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec import Struct

from fitglue_registry.errors import EntryInvalid, Place, UserMistake
from fitglue_registry.registry.entry import Entry, Tier, reference
from fitglue_registry.registry.folders import (
    MOST_ENTRIES,
    Folder,
    default_folder,
    entry_files,
    too_many,
)
from fitglue_registry.registry.merge_rules import MergeRules
from fitglue_registry.validation.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_SECOND_NS = 1_000_000_000
_CACHE_NAME = "registry.json"


class _Stamp(NamedTuple):
    """What tells one state of a file from the next; a restored modification time gives itself away
    by the change time.
    """

    origin: str
    path: str
    size: int
    modified_ns: int
    changed_ns: int
    inode: int


class _Problem(Struct):
    """An ``EntryInvalid`` as the cache keeps it."""

    code: str
    what: str
    file: str | None
    line: int | None
    column: int | None
    field: str | None
    why: str | None
    fix: str | None


class _Kept(Struct):
    stamps: list[_Stamp]
    entries: list[Entry]
    tiers: list[Tier]
    problems: list[_Problem]
    merge_rules: MergeRules


class Catalogue:
    """All entries that can be used, in the order of their keys; the first folder wins where two
    bring the same entry.
    """

    def __init__(
        self,
        entries: Iterable[Entry],
        tiers: Sequence[Tier] = (),
        problems: Sequence[EntryInvalid] = (),
        merge_rules: MergeRules | None = None,
    ) -> None:
        ordered = sorted(entries, key=lambda entry: (entry.kind, entry.id))
        self._entries: dict[tuple[str, str], Entry] = {
            (entry.kind, entry.id): entry for entry in ordered
        }
        self.tiers = tuple(tiers)
        self.problems = list(problems)
        self.merge_rules = merge_rules or MergeRules()

    @classmethod
    def load(cls, folders: Sequence[Folder] | None = None, cache: Path | None = None) -> Catalogue:
        """Read these folders (none said: the built-in one), through a cache kept in the folder
        ``cache`` if there is one.
        """
        folders = [Folder(default_folder())] if folders is None else list(folders)
        now, stamps = time.time_ns(), list(_stamps(folders))
        kept = _cached(cache, stamps) if cache else None
        if kept:
            return cls(
                kept.entries,
                kept.tiers,
                [_thaw(problem) for problem in kept.problems],
                kept.merge_rules,
            )
        catalogue = _read(folders)
        if cache and all(_settled(stamp, now) for stamp in stamps):
            _keep(cache, stamps, catalogue)
        return catalogue

    def entries(self, kind: str | None = None) -> list[Entry]:
        """All entries, or those of one kind, by kind and id."""
        return [entry for entry in self._entries.values() if kind in (None, entry.kind)]

    def find(self, kind: str, entry_id: str) -> Entry | None:
        """The entry, if there is one."""
        kind, _, entry_id = reference(f"{kind}/{entry_id}").partition("/")
        return self._entries.get((kind, entry_id))

    def get(self, kind: str, entry_id: str) -> Entry:
        """The entry; ``UserMistake`` (FG-unknown-entry) with the nearest name if there is none."""
        found = self.find(kind, entry_id)
        if found:
            return found
        names = [entry.id for entry in self.entries(kind)]
        near = nearest(entry_id, names)
        raise UserMistake(
            "FG-unknown-entry",
            f"there is no {kind} {entry_id!r}",
            why=f"there are: {', '.join(names) or 'none'}",
            fix=f"did you mean {near}?" if near else "see: fitglue registry list",
        )

    def closed_by(self, code: str) -> Entry | None:
        """The integration that cannot be connected and says that this code is of its making."""
        closed = (entry for entry in self.entries("integration") if entry.closed)
        return next(
            (entry for entry in closed if any(code in issue.codes for issue in entry.issues)), None
        )

    def tier(self, tier_id: str) -> Tier | None:
        """The tier of that id, if there is one."""
        return next((tier for tier in self.tiers if tier.id == tier_id), None)

    def tier_includes(self, athlete_tier: str, entry: Entry) -> bool:
        """Whether an athlete of this tier may use the entry: tiers stand in order.

        A tier nobody knows includes nothing.
        """
        order = [tier.id for tier in self.tiers]
        return (
            athlete_tier in order
            and entry.tier in order
            and order.index(entry.tier) <= order.index(athlete_tier)
        )

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: object) -> bool:
        return key in self._entries


def _read(folders: Sequence[Folder]) -> Catalogue:
    """Read every file; what reads YAML is imported only now, since a cache spares it."""
    from fitglue_registry.registry.reading import read_entry, read_tiers

    found: dict[tuple[str, str], Entry] = {}
    tiers: list[Tier] = []
    problems: list[EntryInvalid] = []
    for folder in folders:
        if not folder.path.is_dir():
            what = f"the folder of entries of {folder.origin} is not there"
            problems.append(EntryInvalid("FG-registry-missing", what, at=Place(str(folder.path))))
        if (folder.path / "tiers.yaml").is_file():
            own, wrong = read_tiers(folder.path / "tiers.yaml")
            tiers += [tier for tier in own if tier.id not in [known.id for known in tiers]]
            problems += wrong
        if too_many(folder.path):
            problems.append(_too_many(folder.path))
        for file in entry_files(folder.path):
            reading = read_entry(file, folder.origin)
            problems += reading.errors
            if reading.entry and (reading.entry.kind, reading.entry.id) in found:
                first = found[reading.entry.kind, reading.entry.id]
                reading.refuse_duplicate(first)
                problems.append(reading.errors[-1])
            elif reading.entry:
                found[reading.entry.kind, reading.entry.id] = reading.entry
    rules, wrong = _merge_rules(folders)
    return Catalogue(found.values(), tiers, problems + wrong, rules)


def _merge_rules(folders: Sequence[Folder]) -> tuple[MergeRules | None, list[EntryInvalid]]:
    """The rules of the first folder that has some; the built-in ones where none has."""
    from fitglue_registry.registry.reading import read_merge_rules

    files = [folder.path / "merge.yaml" for folder in (*folders, Folder(default_folder()))]
    file = next((file for file in files if file.is_file()), None)
    return read_merge_rules(file) if file else (None, [])


def _too_many(folder: Path) -> EntryInvalid:
    return EntryInvalid(
        "FG-registry-too-big",
        f"the folder holds more than {MOST_ENTRIES:,} entries; the rest is left out",
        at=Place(str(folder)),
        fix="take out what is no entry",
    )


def _stamps(folders: Sequence[Folder]) -> Iterator[_Stamp]:
    """The state of everything that the catalogue is made from: the entries, and the code and
    schemas that read them.
    """
    ours = Path(__file__).parent
    code = [
        *ours.glob("*.py"),
        *(ours.parent / "validation").glob("*.py"),
        *(default_folder() / "schemas").glob("*.json"),
    ]
    entries = [
        (
            folder.origin,
            [
                folder.path,
                folder.path / "tiers.yaml",
                folder.path / "merge.yaml",
                *entry_files(folder.path),
            ],
        )
        for folder in folders
    ]
    for origin, files in [("", [*code, default_folder() / "merge.yaml"]), *entries]:
        for file in files:
            with suppress(OSError):
                state = file.stat()
                times = (
                    (0, 0, 0)
                    if stat.S_ISDIR(state.st_mode)
                    else (state.st_size, state.st_mtime_ns, state.st_ctime_ns)
                )
                yield _Stamp(origin, str(file), *times, state.st_ino)


def _settled(stamp: _Stamp, now: int) -> bool:
    """Whether another change would show: within one tick of the file system's clock two states of a
    file can look the same.
    """
    tick = 2 * _SECOND_NS if stamp.changed_ns % _SECOND_NS == 0 else _SECOND_NS // 50
    return now - stamp.changed_ns > tick


def _cached(cache: Path, stamps: list[_Stamp]) -> _Kept | None:
    try:
        kept = msgspec.json.decode((cache / _CACHE_NAME).read_bytes(), type=_Kept)
    # Not there, not readable, cut short, of another version: made again.
    except (OSError, ValueError):
        return None
    return kept if kept.stamps == stamps else None


def _keep(cache: Path, stamps: list[_Stamp], catalogue: Catalogue) -> None:
    """Replace the cache in one step; a folder that cannot be written costs time, never an error."""
    kept = _Kept(
        stamps,
        catalogue.entries(),
        list(catalogue.tiers),
        [_freeze(problem) for problem in catalogue.problems],
        catalogue.merge_rules,
    )
    with suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=cache, prefix=_CACHE_NAME)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(kept))
            Path(name).replace(cache / _CACHE_NAME)
        except OSError:
            Path(name).unlink(missing_ok=True)


def _freeze(error: EntryInvalid) -> _Problem:
    at = error.at or Place()
    return _Problem(
        error.code, error.what, at.file, at.line, at.column, at.field, error.why, error.fix
    )


def _thaw(kept: _Problem) -> EntryInvalid:
    at = Place(kept.file, kept.line, kept.column, field=kept.field)
    return EntryInvalid(kept.code, kept.what, at=at, why=kept.why, fix=kept.fix)
