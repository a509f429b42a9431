"""Walks files, folders, zips and zips in zips as one flat row of members; nothing here knows what
is inside them.
"""

from __future__ import annotations

import os
import stat
import zipfile
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from fitglue_files import limits
from fitglue_files.members import Member, Refusal, shown
from fitglue_files.refusals import UNREADABLE, refusal, refusal_of, too_large
from fitglue_files.unpacking import HEAD
from fitglue_files.zips import modified_s, problem_of, spooled, weigh
from fitglue_registry.errors import RecordRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from fitglue_files.members import Found, Location
    from fitglue_files.zips import Spool

#: The first bytes of a zip, and of one without members.
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06")


class Box:
    """Opens members, and keeps the zips open that they lie in; a context manager, for one
    thread.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._zips: dict[Location, zipfile.ZipFile] = {}
        self._spools: list[Spool] = []

    def __enter__(self) -> Box:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zips.clear()
        self._spools.clear()
        self._stack.close()

    # -- finding -----------------------------------------------------------------------------------

    def walk(self, paths: Sequence[str | Path]) -> Iterator[Found]:
        """Every file at and below the paths, those in zips too; hidden ones, and the shadows that a
        Mac leaves, are passed over.
        """
        for path in paths:
            for file in _files(Path(path)):
                yield from self._from_file(file)

    def members(self, location: Location) -> Iterator[Found]:
        """The members of one zip, zips in it opened as well."""
        where = shown(location)
        try:
            opened = self._zip(location)
            weigh(opened, where)
        except (RecordRefused, *UNREADABLE) as error:
            yield Refusal(location, refusal_of(where, error))
            return
        # Of several members with one name, the last one is read.
        by_name = {info.filename: info for info in opened.infolist()}
        for name, info in by_name.items():
            if not info.is_dir() and not _is_hidden(name):
                yield from self._from_zip(location, info)

    def _from_file(self, path: Path) -> Iterator[Found]:
        """A file itself, or where it is a zip, its members."""
        location = (str(path),)
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                return  # a pipe or a device: opening it may wait for ever
            mark = f"{status.st_mtime_ns}/{status.st_size}"
            member = Member(
                location,
                status.st_mtime,
                status.st_size,
                mark,
            )
            if self._is_zip(path, member):
                yield from self.members(location)
            elif _is_named_zip(path.name):
                yield Refusal(
                    location,
                    _without_index(str(path)),
                    status.st_mtime,
                )
            else:
                yield member
        except RecordRefused as error:
            yield Refusal(location, error)
        except OSError as error:
            yield Refusal(location, refusal_of(str(path), error))

    def _is_zip(self, path: Path, member: Member) -> bool:
        """Whether a file is a zip, by its index where it is called one, else by its first bytes."""
        if _is_named_zip(path.name):
            return zipfile.is_zipfile(path)
        return self.head(member, 4) in _ZIPS

    def _from_zip(
        self,
        outer: Location,
        info: zipfile.ZipInfo,
    ) -> Iterator[Found]:
        """A member of a zip itself, or where it is a zip, its members."""
        location = (*outer, info.filename)
        where = shown(location)
        changed_s = modified_s(info)
        problem = problem_of(info, where)
        if problem is None and _is_named_zip(info.filename):
            if len(location) <= limits.DEEPEST:
                yield from self.members(location)
                return
            problem = _too_deep(where)
        elif problem is None and info.file_size > limits.LARGEST:
            problem = too_large(where)
        if problem is not None:
            yield Refusal(location, problem, changed_s)
            return
        mark = f"{info.CRC:08x}/{info.file_size}"
        yield Member(location, changed_s, info.file_size, mark)

    # -- reading -----------------------------------------------------------------------------------

    def open(self, member: Member) -> IO[bytes]:
        """The member's bytes; raises ``RecordRefused`` where it cannot be opened, reading may raise
        whatever ``refusal_of`` knows.
        """
        *container, name = member.location
        try:
            if not container:
                return Path(name).open("rb")
            return self._zip(tuple(container)).open(name)
        except KeyError as error:
            raise refusal(
                "FG-file-missing",
                member.where,
                "it is not in the archive any more",
                fix="import the archive again",
            ) from error
        except UNREADABLE as error:
            raise refusal_of(member.where, error) from error

    def head(self, member: Member, size: int = HEAD) -> bytes:
        """Its first bytes."""
        try:
            with self.open(member) as file:
                return file.read(size)
        except UNREADABLE as error:
            raise refusal_of(member.where, error) from error

    def read(self, member: Member, largest: int | None = None) -> bytes:
        """All of its bytes, as they lie; raises ``RecordRefused`` where that cannot be, or they are
        too many.
        """
        if largest is None:
            largest = limits.LARGEST
        content = self.head(member, largest + 1)
        if len(content) > largest:
            raise too_large(member.where)
        return content

    def _zip(self, location: Location) -> zipfile.ZipFile:
        """A zip, which stays open until the box is closed."""
        if location in self._zips:
            return self._zips[location]
        *container, name = location
        if container:
            spool = spooled(location, self._zip(tuple(container)))
            self._spools.append(spool)
            opened = spool.zip
        else:
            opened = self._stack.enter_context(zipfile.ZipFile(name))
        self._zips[location] = opened
        return opened


# -- names and refusals ----------------------------------------------------------------------------


def _files(path: Path) -> Iterator[Path]:
    """The path itself, or every file below a folder that is not hidden, in the order of names."""
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = _visible(folders)
        for name in _visible(names):
            yield Path(folder, name)


def _visible(names: Sequence[str]) -> list[str]:
    return sorted(name for name in names if not _is_hidden(name))


def _is_hidden(name: str) -> bool:
    """A leading dot is a hidden file, and on a Mac the shadow of a real one."""
    for part in PurePosixPath(name).parts:
        if part == "__MACOSX":
            return True
        if part.startswith(".") and part not in (".", ".."):
            return True
    return False


def _is_named_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def _without_index(where: str) -> RecordRefused:
    return refusal(
        "FG-zip-broken",
        where,
        "it has no index: it was cut while it was downloaded or copied",
        fix="download it again",
    )


def _too_deep(where: str) -> RecordRefused:
    return refusal(
        "FG-zip-too-deep",
        where,
        f"zips lie in zips more than {limits.DEEPEST} deep",
        fix="unpack it, and import the folder",
    )
