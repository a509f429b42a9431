"""Access to zips and nested zips, refusing members and zips that would do harm."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections import OrderedDict
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING

from fitglue_files import limits
from fitglue_files.members import display_path
from fitglue_files.rare_methods import METHODS, open_member
from fitglue_files.refusals import bomb, crowded, refusal, zip_too_large

if TYPE_CHECKING:
    from fitglue_files.members import MemberPath
    from fitglue_registry.errors import RecordRefused

#: ZIP specification (APPNOTE), general purpose bit flag: bit 0 means encrypted.
_ENCRYPTED = 0x1
#: The methods of packing for which zipfile limits what it unpacks at once, and those for which
#: ``rare_methods`` does.
_METHODS = frozenset((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, *METHODS))


def member_problem(
    info: zipfile.ZipInfo,
    where: str,
) -> RecordRefused | None:
    """Return the reason not to open a member, or ``None`` if it may be opened.

    Only the central directory is read for this.
    """
    if _leads_out(info.filename):
        return refusal(
            "FG-zip-path",
            where,
            "its path leads out of the archive, which only a malicious archive would attempt",
            fix="remove it",
        )
    if info.flag_bits & _ENCRYPTED:
        return refusal(
            "FG-file-encrypted",
            where,
            "it is encrypted",
            fix="unpack the archive with its password, and import the folder",
        )
    # A few kilobytes could fill the memory if what is unpacked at once is not limited.
    if info.compress_type not in _METHODS:
        return refusal(
            "FG-zip-packing",
            where,
            "it is compressed with a method that cannot be unpacked safely",
            fix="unpack the archive with another program, and import the folder",
        )
    packed = max(info.compress_size, 1)
    # Nothing is unpacked to more than the stated size, so the stated size is enough to decide.
    if info.file_size > max(limits.BOMB_SIZE, limits.BOMB_RATIO * packed):
        return bomb(where)
    return None


def _leads_out(name: str) -> bool:
    """Return whether a name is absolute, has a drive letter, or contains ``..``."""
    if name.startswith(("/", "\\")):
        return True
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or parts[0][1:2] == ":"


class _BoundedFile:
    """A file of which no piece is read that is larger than the index of a zip may be.

    zipfile reads the index at once. Its size is stated at the end of the zip, in records that can
    be hidden from everybody who looks for them in another way than zipfile does. So what is read is
    bounded, and not what a record states.
    """

    def __init__(
        self,
        file: IO[bytes],
        where: str,
        largest: int,
    ) -> None:
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable
        self._file = file
        self._where = where
        self._largest: int | None = largest

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; raise ``RecordRefused`` if they are more than an index has."""
        if self._largest is not None and size > self._largest:
            raise crowded(self._where)
        return self._file.read(size)

    def end_of_index(self) -> None:
        """Bound nothing from now on, because the reader of a member has its own limit."""
        self._largest = None


def open_zip(
    file: IO[bytes],
    where: str,
    largest_index: int,
) -> zipfile.ZipFile:
    """Open a zip for reading.

    Args:
        file: Its bytes.
        where: Its place, for the message.
        largest_index: The size of the largest index that it may have, in bytes.

    Raises:
        RecordRefused: If its index would fill the memory; zipfile reads all of it at once.
        zipfile.BadZipFile: If it is not a zip.
    """
    bounded = _BoundedFile(file, where, largest_index)
    opened = zipfile.ZipFile(bounded)
    bounded.end_of_index()
    return opened


class OpenZips:
    """Zips that are open, of which only those that were used last stay so.

    Args:
        most: How many stay open.
        most_members: How many members they have together, unless only one is open. zipfile keeps
            about 600 bytes for each.
    """

    def __init__(
        self,
        most: int,
        most_members: int,
    ) -> None:
        self._most = most
        self._most_members = most_members
        self._open: OrderedDict[MemberPath, tuple[zipfile.ZipFile, IO[bytes]]] = OrderedDict()

    def get(self, location: MemberPath) -> zipfile.ZipFile | None:
        """Return a zip, or ``None`` if it is not open."""
        if location not in self._open:
            return None
        self._open.move_to_end(location)
        return self._open[location][0]

    def keep(
        self,
        location: MemberPath,
        opened: zipfile.ZipFile,
        file: IO[bytes],
    ) -> None:
        """Keep a zip open, and close those that were not used for the longest time.

        Args:
            location: Where it is.
            opened: The zip.
            file: Its bytes.
        """
        self._open[location] = (opened, file)
        while len(self._open) > 1 and self._are_too_many():
            self.drop(next(iter(self._open)))

    def make_room(self) -> None:
        """Close zips until one more can be opened."""
        while len(self._open) >= self._most:
            self.drop(next(iter(self._open)))

    def drop(self, location: MemberPath) -> None:
        """Close a zip if it is open."""
        if location in self._open:
            opened, file = self._open.pop(location)
            opened.close()
            file.close()

    def close(self) -> None:
        """Close all zips."""
        for location in list(self._open):
            self.drop(location)

    def _are_too_many(self) -> bool:
        members = sum(len(opened.filelist) for opened, _ in self._open.values())
        return len(self._open) > self._most or members > self._most_members


def modified_s(info: zipfile.ZipInfo) -> float:
    """Return when a member was changed, in seconds since 1970; 0 if the stated date is
    impossible.
    """
    try:
        # A zip states local time without a zone. UTC is wrong by hours, but the same everywhere.
        return datetime(*info.date_time, tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0


# -- nested zips -----------------------------------------------------------------------------------


class Spools:
    """Nested zips that are unpacked into temporary files, of which only a few exist at a time."""

    def __init__(self) -> None:
        # A zip in this zip needs it to stay open, so there are as many as there are levels.
        self._zips = OpenZips(limits.DEEPEST, limits.MOST_OPEN_MEMBERS)

    def close(self) -> None:
        """Close and delete all temporary files."""
        self._zips.close()

    def drop(self, location: MemberPath) -> None:
        """Close and delete the temporary file of a zip, if there is one."""
        self._zips.drop(location)

    def zip(
        self,
        location: MemberPath,
        outer: zipfile.ZipFile,
        largest_index: int,
    ) -> zipfile.ZipFile:
        """Return a nested zip.

        Its index is at its end, so it has to be unpacked into a file of its own before it can be
        read.

        Args:
            location: Where it is.
            outer: The zip that contains it.
            largest_index: The size of the largest index that it may have, in bytes.

        Raises:
            RecordRefused: If the nested zip is encrypted, a bomb, or too large.
        """
        opened = self._zips.get(location)
        if opened is None:
            info = _nested_info(location, outer)
            self._zips.make_room()
            opened, file = _spooled(
                outer,
                info,
                display_path(location),
                largest_index,
            )
            self._zips.keep(location, opened, file)
        return opened


def _nested_info(location: MemberPath, outer: zipfile.ZipFile) -> zipfile.ZipInfo:
    """Return the index entry of a nested zip; raise ``RecordRefused`` if it must not be opened."""
    where = display_path(location)
    info = outer.getinfo(location[-1])
    problem = member_problem(info, where)
    if problem is not None:
        raise problem
    if info.file_size > limits.LARGEST_ZIP:
        raise zip_too_large(where)
    # A zip is compressed already, so a real one does not shrink when it is put into another one.
    packed = max(info.compress_size, 1)
    if info.file_size > max(limits.BOMB_SIZE, limits.NESTED_RATIO * packed):
        raise bomb(where)
    return info


def _spooled(
    outer: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    where: str,
    largest_index: int,
) -> tuple[zipfile.ZipFile, IO[bytes]]:
    """Unpack a nested zip into a temporary file."""
    # On POSIX the file has no name, so nothing remains if the process is killed.
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed by ``Spools``
    try:
        with open_member(outer, info, where) as packed:
            shutil.copyfileobj(packed, file, 1 << 20)
        return open_zip(file, where, largest_index), file
    except BaseException:
        file.close()
        raise
