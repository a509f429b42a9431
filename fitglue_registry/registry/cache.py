"""A cache of the catalogue in a file, so that most commands need not read any YAML."""

from __future__ import annotations

import logging
import os
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec import Struct

import fitglue_registry.validation as validation
from fitglue_registry.errors import EntryInvalid, FitglueError, Place
from fitglue_registry.private_files import make_own_folder, read_own_file, temporary_file
from fitglue_registry.registry.catalogue import Catalogue
from fitglue_registry.registry.entry import Entry, Tier
from fitglue_registry.registry.folders import Folder, default_folder, entry_files
from fitglue_registry.registry.merge_rules import MergeRules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

log = logging.getLogger(__name__)

_SECOND_NS = 1_000_000_000
_NAME = "registry.json"


class _Stamp(NamedTuple):
    """The state of a file, which differs after every change of its content.

    Tools can set the modification time of a file back, but not its change time.
    """

    origin: str
    path: str
    size: int
    modified_ns: int
    changed_ns: int
    inode: int


class _Problem(Struct):
    """An ``EntryInvalid`` in the form that the cache stores."""

    code: str
    what: str
    file: str | None
    line: int | None
    column: int | None
    field: str | None
    why: str | None
    fix: str | None


class _Content(Struct):
    """The content of the cache file."""

    stamps: list[_Stamp]
    entries: list[Entry]
    tiers: list[Tier]
    problems: list[_Problem]
    merge_rules: MergeRules


class CatalogueCache:
    """A cache of the catalogue of some folders.

    Args:
        cache: Folder for the cache file.
        folders: Folders of entries in the order of their priority.
    """

    def __init__(self, cache: Path, folders: Sequence[Folder]) -> None:
        self._folder = cache
        self._file = cache / _NAME
        # Before the stamps: a file that changes after this moment must not look settled.
        self._now = time.time_ns()
        self._stamps = list(_stamps(folders))

    def read(self) -> Catalogue | None:
        """Return the cached catalogue, or ``None`` if a file that it was made from has changed.

        A cache that another user can have written is not used, because it could name another
        address for a service.
        """
        try:
            content = msgspec.json.decode(read_own_file(self._file), type=_Content)
        except PermissionError as error:
            log.warning("the cache of the registry is not used: %s", error.strerror)
            return None
        # The cache does not exist, is not readable, is truncated, or another version wrote it. The
        # caller then reads the YAML and replaces it.
        except (OSError, ValueError):
            return None
        if content.stamps != self._stamps:
            return None
        problems = [_thaw(problem) for problem in content.problems]
        return Catalogue(content.entries, content.tiers, problems, content.merge_rules)

    def write(self, catalogue: Catalogue) -> None:
        """Replace the cache atomically.

        A folder that cannot be written is not an error; commands are only slower without a cache.
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

    # Unlike durable.write_atomically, this does not sync the file, because a cache that a power cut
    # destroys is simply made again.
    def _replace(self, encoded: bytes) -> None:
        # In the folder of somebody else, the cache would never be trusted.
        if not make_own_folder(self._folder):
            return
        handle, unfinished = temporary_file(self._folder, _NAME)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(encoded)
            unfinished.replace(self._file)
        except OSError:
            unfinished.unlink(missing_ok=True)

    def _is_settled(self, stamp: _Stamp) -> bool:
        """Return whether any later change of a file will change its stamp.

        Two changes within one tick of the file system's clock can leave the same stamp.
        """
        # Some file systems store only seconds (FAT stores every second one). Others take the time
        # from the kernel's timer interrupt, at most every 10 ms.
        has_whole_seconds = stamp.changed_ns % _SECOND_NS == 0
        tick = 2 * _SECOND_NS if has_whole_seconds else _SECOND_NS // 50
        return self._now - stamp.changed_ns > tick


def _stamps(folders: Sequence[Folder]) -> Iterator[_Stamp]:
    """Yield the state of everything that the catalogue depends on.

    These are the entries, and also the code and the schemas that read them.
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
            # A folder's times change with every file in it, including files that are not entries.
            # Its inode is enough to notice that the folder was replaced.
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
