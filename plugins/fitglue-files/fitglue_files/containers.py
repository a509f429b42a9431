"""Access to files, folders, zips and nested zips as one flat sequence of members.

Nothing in this module knows what the members contain.
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from fitglue_files import limits
from fitglue_files.looking import file_found
from fitglue_files.members import Member, Refusal, display_path
from fitglue_files.opening import Found, files_below, open_file
from fitglue_files.packed_sizes import PackedSizes
from fitglue_files.rare_methods import MemberOpener
from fitglue_files.refusals import (
    UNREADABLE,
    folder_closed,
    refusal,
    refusal_of,
    too_large,
    without_index,
)
from fitglue_files.trail import Trail
from fitglue_files.unpacking import HEAD
from fitglue_files.zip_budget import ZipBudget, largest_index, size_of
from fitglue_files.zips import OpenZips, Spools, member_problem, modified_s, open_zip
from fitglue_registry.errors import RecordRefused
from fitglue_registry.payloads import ZIP_END, ZIP_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

    from fitglue_files.members import MemberOrRefusal, MemberPath

#: The bytes of a damaged member that are read at a time. The last piece before damage is lost.
_PIECE = 4096


class ContainerReader:
    """A reader that finds and opens members, and keeps the zips open that contain them.

    It is a context manager, for use by one thread.

    Args:
        trail: What opens files and folders, and stays open; without it, the reader has its own.
    """

    def __init__(self, trail: Trail | None = None) -> None:
        self._marks: dict[str, str] = {}
        #: The symbolic links that were skipped.
        self.links: list[MemberPath] = []
        #: The pipes, sockets and devices that were skipped.
        self.specials: list[MemberPath] = []
        self._owns_trail = trail is None
        self._trail = trail or Trail()
        self._zips = OpenZips(limits.MOST_OPEN, limits.MOST_OPEN_MEMBERS)
        self._spools = Spools()
        self._budget = ZipBudget()
        self._packed = PackedSizes()
        self._opener = MemberOpener()

    def __enter__(self) -> ContainerReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close everything that is open."""
        self._spools.close()
        self._zips.close()
        if self._owns_trail:
            self._trail.close()

    def is_current(self) -> bool:
        """Return whether no zip on the disk has changed since it was opened."""
        return all(_mark(Path(path)) == mark for path, mark in self._marks.items())

    # -- finding members ---------------------------------------------------------------------------

    def find(self, paths: Sequence[str | Path]) -> Iterator[MemberOrRefusal]:
        """Yield every file at and below the paths, including those in zips.

        Hidden files, and the resource forks that macOS adds to zips and USB sticks, are skipped. A
        container or folder that cannot be opened is yielded as a refusal, and the search continues.
        """
        for path in paths:
            for found in self._files(Path(path)):
                if found.is_link:
                    self.links.append((found.path,))
                elif found.is_special:
                    self.specials.append((found.path,))
                elif found.closed is not None:
                    error = folder_closed(display_path((found.path,)), found.closed)
                    yield Refusal((found.path,), error, is_folder=True)
                else:
                    yield from self._from_file(found.path)

    def _files(self, path: Path) -> Iterator[Found]:
        """Yield the path, or every file below a folder that is not hidden, in the order of their
        names.
        """
        # The athlete named this path, so it may be a link, which is resolved once. Links inside it
        # may have been made by somebody else.
        resolved = path.resolve()
        if not resolved.is_dir():
            yield Found(str(resolved))
            return
        for found in files_below(resolved, self._trail):
            # ``Path`` would take milliseconds for a file below thousands of folders.
            if not _is_hidden(os.path.basename(found.path)):  # noqa: PTH119
                yield found

    def members(self, location: MemberPath) -> Iterator[MemberOrRefusal]:
        """Yield the members of one zip, and those of the zips in it."""
        where = display_path(location)
        try:
            self._budget.check(location)
            opened = self._zip(location)
            size = size_of(self._zip(location[:1]))
            self._budget.count(location, opened, size)
            self._packed.add(location, opened)
        # zipfile raises this if it finds no index, which is at the end of a zip.
        except zipfile.BadZipFile:
            yield Refusal(location, without_index(where, self._beginning(location)))
            return
        except (RecordRefused, *UNREADABLE) as error:
            # Nothing of it will be read, and its index takes memory.
            self._drop(location)
            yield Refusal(location, refusal_of(where, error))
            return
        # If several members have the same name, zipfile opens the last one.
        by_name = {info.filename: info for info in opened.infolist()}
        for name, info in by_name.items():
            if not info.is_dir() and not _is_hidden(name):
                yield from self._from_zip(location, info)

    def _from_file(self, path: str) -> Iterator[MemberOrRefusal]:
        """Yield a file, or its members if it is a zip."""
        file_found()
        location = (path,)
        try:
            with open_file(path, self._trail) as file:
                status = os.fstat(file.fileno())
            member = Member(
                location,
                status.st_mtime,
                status.st_size,
                _mark_of(status),
            )
            if self._is_zip(path, member):
                yield from self.members(location)
            elif _is_named_zip(path):
                yield Refusal(
                    location,
                    without_index(path, self.head(member, 4)),
                    status.st_mtime,
                )
            else:
                yield member
        except RecordRefused as error:
            yield Refusal(location, error)
        except OSError as error:
            yield Refusal(location, refusal_of(path, error))

    def _is_zip(self, path: str, member: Member) -> bool:
        """Return whether a file is a zip.

        If its name says so, its central directory decides, because a truncated zip is to be
        reported. Otherwise its first bytes decide.
        """
        if _is_named_zip(path):
            with open_file(path, self._trail) as file:
                return zipfile.is_zipfile(file)
        return self.head(member, 4) in (ZIP_FILE, ZIP_END)

    def _from_zip(
        self,
        outer: MemberPath,
        info: zipfile.ZipInfo,
    ) -> Iterator[MemberOrRefusal]:
        """Yield a member of a zip, or the members of that member if it is a zip itself."""
        file_found()
        location = (*outer, info.filename)
        where = display_path(location)
        member_modified_s = modified_s(info)
        packed_size = self._packed.of(outer, info)
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
        yield Member(
            location,
            member_modified_s,
            info.file_size,
            mark,
            packed_size,
        )

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
                return open_file(name, self._trail)
            opened = self._zip(tuple(container))
            return self._opener.open(opened, opened.getinfo(name), member.location)
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

    def _beginning(self, location: MemberPath) -> bytes:
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
        if member.size > largest:
            raise too_large(member.where)
        # One byte more than allowed: the size in a zip's index may be wrong.
        content = self.head(member, largest + 1)
        if len(content) > largest:
            raise too_large(member.where)
        return content

    def read_sound(self, member: Member) -> tuple[bytes, RecordRefused | None]:
        """Return the bytes of a member up to the first damage.

        Args:
            member: The member to read.

        Returns:
            The bytes, and the refusal of what follows them; ``None`` if these are all bytes.

        Raises:
            RecordRefused: If no bytes can be read, or the member is too large.
        """
        if member.size > limits.LARGEST:
            raise too_large(member.where)
        content = bytearray()
        try:
            with self.open(member) as file:
                while piece := file.read(_PIECE):
                    content += piece
                    if len(content) > limits.LARGEST:
                        raise too_large(member.where)
        except UNREADABLE as error:
            refused = refusal_of(member.where, error)
            if not content:
                raise refused from error
            return bytes(content), refused
        return bytes(content), None

    def _zip(self, location: MemberPath) -> zipfile.ZipFile:
        """Return an open zip.

        Only those that were used last stay open, and of the nested zips stay unpacked.
        """
        *container, name = location
        if container:
            largest = largest_index(size_of(self._zip(location[:1])))
            return self._spools.zip(location, self._zip(tuple(container)), largest)
        opened = self._zips.get(location)
        if opened is None:
            self._zips.make_room()
            opened = self._open_on_disk(name)
        return opened

    def _open_on_disk(self, name: str) -> zipfile.ZipFile:
        file = open_file(name, self._trail)
        try:
            largest = largest_index(os.fstat(file.fileno()).st_size)
            opened = open_zip(file, name, largest)
        except BaseException:
            file.close()
            raise
        self._zips.keep((name,), opened, file)
        self._marks[name] = _mark(Path(name))
        return opened

    def _drop(self, location: MemberPath) -> None:
        """Close a zip."""
        self._spools.drop(location)
        self._zips.drop(location)


def marks_on_disk(members: Iterable[Member]) -> tuple[str, ...]:
    """Return marks of the files on the disk that contain some members, as they are now.

    Args:
        members: Members, which may have been found earlier.

    Returns:
        One mark for each file, which changes when the file may have changed.
    """
    paths = dict.fromkeys(member.location[0] for member in members)
    return tuple(_mark(Path(path)) for path in paths)


def _mark(path: Path) -> str:
    """Return the mark of a file, or an empty text if it is no longer there."""
    try:
        return _mark_of(path.stat())
    except OSError:
        return ""


def _mark_of(status: os.stat_result) -> str:
    return f"{status.st_mtime_ns}/{status.st_size}"


# -- names and refusals ----------------------------------------------------------------------------


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
