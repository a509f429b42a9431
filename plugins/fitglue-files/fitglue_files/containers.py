"""Access to files, folders, zips and nested zips as one flat sequence of members.

Nothing in this module knows what the members contain.
"""

from __future__ import annotations

import os
import stat
import zipfile
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from fitglue_files import limits
from fitglue_files.members import Member, Refusal, display_path
from fitglue_files.refusals import (
    UNREADABLE,
    refusal,
    refusal_of,
    too_large,
    without_index,
)
from fitglue_files.unpacking import HEAD
from fitglue_files.zips import member_problem, modified_s, refuse_bomb, spooled
from fitglue_registry.errors import RecordRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from fitglue_files.members import Location, MemberOrRefusal
    from fitglue_files.zips import Spool

#: The first bytes of a zip, and of a zip without members.
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06")


class ContainerReader:
    """A reader that finds and opens members, and keeps the zips open that contain them.

    It is a context manager, for use by one thread.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._zips: dict[Location, zipfile.ZipFile] = {}
        self._spools: list[Spool] = []

    def __enter__(self) -> ContainerReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The spools close their temporary files when the last reader has dropped them.
        self._zips.clear()
        self._spools.clear()
        self._stack.close()

    # -- finding members ---------------------------------------------------------------------------

    def find(self, paths: Sequence[str | Path]) -> Iterator[MemberOrRefusal]:
        """Yield every file at and below the paths, including those in zips.

        Hidden files, and the resource forks that macOS adds to zips and USB sticks, are skipped. A
        container that cannot be read is yielded as a refusal, and the search continues.
        """
        for path in paths:
            for file in _files(Path(path)):
                yield from self._from_file(file)

    def members(self, location: Location) -> Iterator[MemberOrRefusal]:
        """Yield the members of one zip, and those of the zips in it."""
        where = display_path(location)
        try:
            opened = self._zip(location)
            refuse_bomb(opened, where)
        # zipfile raises this if it finds no index, which is at the end of a zip.
        except zipfile.BadZipFile:
            yield Refusal(location, without_index(where, self._beginning(location)))
            return
        except (RecordRefused, *UNREADABLE) as error:
            yield Refusal(location, refusal_of(where, error))
            return
        # If several members have the same name, zipfile opens the last one.
        by_name = {info.filename: info for info in opened.infolist()}
        for name, info in by_name.items():
            if not info.is_dir() and not _is_hidden(name):
                yield from self._from_zip(location, info)

    def _from_file(self, path: Path) -> Iterator[MemberOrRefusal]:
        """Yield a file, or its members if it is a zip."""
        location = (str(path),)
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                return  # a pipe or a device: opening it could block forever
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
                    without_index(str(path), self.head(member, 4)),
                    status.st_mtime,
                )
            else:
                yield member
        except RecordRefused as error:
            yield Refusal(location, error)
        except OSError as error:
            yield Refusal(location, refusal_of(str(path), error))

    def _is_zip(self, path: Path, member: Member) -> bool:
        """Return whether a file is a zip.

        If its name says so, its central directory decides, because a truncated zip is to be
        reported. Otherwise its first bytes decide.
        """
        if _is_named_zip(path.name):
            return zipfile.is_zipfile(path)
        return self.head(member, 4) in _ZIPS

    def _from_zip(
        self,
        outer: Location,
        info: zipfile.ZipInfo,
    ) -> Iterator[MemberOrRefusal]:
        """Yield a member of a zip, or the members of that member if it is a zip itself."""
        location = (*outer, info.filename)
        where = display_path(location)
        member_modified_s = modified_s(info)
        problem = member_problem(info, where)
        if problem is None and _is_named_zip(info.filename):
            if len(location) <= limits.DEEPEST:
                yield from self.members(location)
                return
            problem = _too_deep(where)
        elif problem is None and info.file_size > limits.LARGEST:
            problem = too_large(where)
        if problem is not None:
            yield Refusal(location, problem, member_modified_s)
            return
        mark = f"{info.CRC:08x}/{info.file_size}"
        yield Member(location, member_modified_s, info.file_size, mark)

    # -- reading members ---------------------------------------------------------------------------

    def open(self, member: Member) -> IO[bytes]:
        """Open a member for reading.

        Raises:
            RecordRefused: If the member cannot be opened. Reading from it can raise any of
                ``refusals.UNREADABLE``, which ``refusal_of`` translates.
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
                "it is no longer in the archive",
                fix="import the archive again",
            ) from error
        except UNREADABLE as error:
            raise refusal_of(member.where, error) from error

    def head(self, member: Member, size: int = HEAD) -> bytes:
        """Return the first bytes of a member; raise ``RecordRefused`` if they cannot be read."""
        try:
            with self.open(member) as file:
                return file.read(size)
        except UNREADABLE as error:
            raise refusal_of(member.where, error) from error

    def _beginning(self, location: Location) -> bytes:
        """Return the first bytes of a zip that cannot be opened; empty if they cannot be read."""
        try:
            return self.head(Member(location, 0.0, 0, ""), 4)
        except RecordRefused:
            return b""

    def read(self, member: Member, largest: int | None = None) -> bytes:
        """Return all bytes of a member, without unpacking a gzip.

        Args:
            member: The member to read.
            largest: The largest allowed number of bytes; ``limits.LARGEST`` if it is not given.

        Raises:
            RecordRefused: If the member cannot be read or is too large.
        """
        if largest is None:
            largest = limits.LARGEST
        # One byte more than allowed: the size in a zip's index may be wrong.
        content = self.head(member, largest + 1)
        if len(content) > largest:
            raise too_large(member.where)
        return content

    def _zip(self, location: Location) -> zipfile.ZipFile:
        """Return a zip, which stays open until the reader is closed."""
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
    """Yield the path, or every file below a folder that is not hidden, in the order of their
    names.
    """
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = _visible(folders)
        for name in _visible(names):
            yield Path(folder, name)


def _visible(names: Sequence[str]) -> list[str]:
    """Return the names that are not hidden, sorted."""
    return sorted(name for name in names if not _is_hidden(name))


def _is_hidden(name: str) -> bool:
    """Return whether any part of a name is hidden.

    macOS stores the resource fork of ``a.fit`` as ``._a.fit``, or in the folder ``__MACOSX`` of a
    zip.
    """
    for part in PurePosixPath(name).parts:
        if part == "__MACOSX":
            return True
        if part.startswith(".") and part not in (".", ".."):
            return True
    return False


def _is_named_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def _too_deep(where: str) -> RecordRefused:
    """Return the refusal of a zip that is nested too deeply."""
    return refusal(
        "FG-zip-too-deep",
        where,
        f"zips are nested more than {limits.DEEPEST} levels deep",
        fix="unpack it, and import the folder",
    )
