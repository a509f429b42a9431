"""A catalogue kept in a file, so that most commands read no YAML; it is never stale."""

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

import fitglue_registry.validation as validation
from fitglue_registry.errors import EntryInvalid, FitglueError, Place
from fitglue_registry.registry.catalogue import Catalogue
from fitglue_registry.registry.entry import Entry, Tier
from fitglue_registry.registry.folders import Folder, default_folder, entry_files
from fitglue_registry.registry.merge_rules import MergeRules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_SECOND_NS = 1_000_000_000
_NAME = "registry.json"


class _Stamp(NamedTuple):
    """What distinguishes one state of a file from the next; a modification time that was set back
    is given away by the change time.
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


class _Content(Struct):
    stamps: list[_Stamp]
    entries: list[Entry]
    tiers: list[Tier]
    problems: list[_Problem]
    merge_rules: MergeRules


class CatalogueCache:
    """The catalogue of these folders of entries, kept in the folder ``cache``."""

    def __init__(self, cache: Path, folders: Sequence[Folder]) -> None:
        self._folder = cache
        self._file = cache / _NAME
        self._now = time.time_ns()
        self._stamps = list(_stamps(folders))

    def read(self) -> Catalogue | None:
        """The catalogue as it was written, if nothing that it was made from has changed since."""
        try:
            content = msgspec.json.decode(self._file.read_bytes(), type=_Content)
        # Not there, not readable, cut short, of another version: made again.
        except (OSError, ValueError):
            return None
        if content.stamps != self._stamps:
            return None
        problems = [_thaw(problem) for problem in content.problems]
        return Catalogue(content.entries, content.tiers, problems, content.merge_rules)

    def write(self, catalogue: Catalogue) -> None:
        """Replace the cache in one step; a folder that cannot be written costs time, never an
        error.
        """
        if not all(self._is_settled(stamp) for stamp in self._stamps):
            return
        content = _Content(
            self._stamps,
            catalogue.entries(),
            list(catalogue.tiers),
            [_freeze(problem) for problem in catalogue.problems],
            catalogue.merge_rules,
        )
        with suppress(OSError):
            self._replace(msgspec.json.encode(content))

    def _replace(self, encoded: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=_NAME)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(encoded)
            Path(name).replace(self._file)
        except OSError:
            Path(name).unlink(missing_ok=True)

    def _is_settled(self, stamp: _Stamp) -> bool:
        """Whether another change would show: within one tick of the file system's clock two states
        of a file can look the same.
        """
        has_whole_seconds = stamp.changed_ns % _SECOND_NS == 0
        tick = 2 * _SECOND_NS if has_whole_seconds else _SECOND_NS // 50
        return self._now - stamp.changed_ns > tick


def _stamps(folders: Sequence[Folder]) -> Iterator[_Stamp]:
    """The state of everything that the catalogue is made from: the entries, and the code and
    schemas that read them.
    """
    built_in = default_folder()
    yield from _stamps_of("", Path(__file__).parent.glob("*.py"))
    yield from _stamps_of("", Path(validation.__file__).parent.glob("*.py"))
    yield from _stamps_of("", (built_in / "schemas").glob("*.json"))
    yield from _stamps_of("", [built_in / "merge.yaml"])
    for folder in folders:
        root = folder.path
        yield from _stamps_of(folder.origin, [root, root / "tiers.yaml", root / "merge.yaml"])
        yield from _stamps_of(folder.origin, entry_files(root))


def _stamps_of(origin: str, files: Iterable[Path]) -> Iterator[_Stamp]:
    for file in files:
        with suppress(OSError):
            state = file.stat()
            # The times of a folder change with files of ours and others alike.
            if stat.S_ISDIR(state.st_mode):
                yield _Stamp(origin, str(file), 0, 0, 0, state.st_ino)
            else:
                yield _Stamp(
                    origin,
                    str(file),
                    state.st_size,
                    state.st_mtime_ns,
                    state.st_ctime_ns,
                    state.st_ino,
                )


def _freeze(error: FitglueError) -> _Problem:
    at = error.at or Place()
    return _Problem(
        error.code,
        error.what,
        at.file,
        at.line,
        at.column,
        at.field,
        error.why,
        error.fix,
    )


def _thaw(problem: _Problem) -> EntryInvalid:
    at = Place(problem.file, problem.line, problem.column, field=problem.field)
    return EntryInvalid(
        problem.code,
        problem.what,
        at=at,
        why=problem.why,
        fix=problem.fix,
    )
