"""Access to zips and nested zips, refusing members and zips that would do harm."""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
import zipfile
from collections import OrderedDict
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING

from fitglue_files import limits
from fitglue_files.members import display_path
from fitglue_files.refusals import bomb, crowded, refusal, zip_too_large

if TYPE_CHECKING:
    from fitglue_files.members import Location
    from fitglue_registry.errors import RecordRefused

#: ZIP specification (APPNOTE), general purpose bit flag: bit 0 means encrypted.
_ENCRYPTED = 0x1
#: Bytes of the end record with its longest comment, and of the zip64 locator before it.
_LONGEST_END = 22 + 0xFFFF + 20


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
    # zipfile limits what it unpacks at once only for these two. A few kilobytes packed with another
    # method could fill the memory.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return refusal(
            "FG-zip-packing",
            where,
            "it is compressed with a method that cannot be unpacked safely",
            fix="unpack the archive with another program, and import the folder",
        )
    packed = max(info.compress_size, 1)
    # zipfile never unpacks more than the stated size, so the stated size is enough to decide.
    if info.file_size > max(limits.BOMB_SIZE, limits.BOMB_RATIO * packed):
        return bomb(where)
    return None


def _leads_out(name: str) -> bool:
    """Return whether a name is absolute, has a drive letter, or contains ``..``."""
    if name.startswith(("/", "\\")):
        return True
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or parts[0][1:2] == ":"


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
    if _index_size(file) > largest_index:
        raise crowded(where)
    return zipfile.ZipFile(file)


def _index_size(file: IO[bytes]) -> int:
    """Return the size that a zip states for its index, in bytes; 0 if it has no index.

    ZIP specification (APPNOTE), 4.3.14 to 4.3.16: the end record is the last one of the file. Its
    comment has at most 64 kB. If a number does not fit into it, it is in the zip64 end record,
    whose place is stated directly before the end record.
    """
    end = file.seek(0, os.SEEK_END)
    start = max(end - _LONGEST_END, 0)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) < at + 16:
        return 0
    (size,) = struct.unpack_from("<L", tail, at + 12)
    locator = tail[max(at - 20, 0) : at]
    if locator.startswith(b"PK\6\7"):
        (place,) = struct.unpack_from("<Q", locator, 8)
        file.seek(min(place, end))
        record = file.read(48)
        if record.startswith(b"PK\6\6") and len(record) == 48:
            (size,) = struct.unpack_from("<Q", record, 40)
    return int(size)


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
        self._open: OrderedDict[Location, tuple[zipfile.ZipFile, IO[bytes]]] = OrderedDict()

    def close(self) -> None:
        """Close and delete all temporary files."""
        while self._open:
            self._close_oldest()

    def zip(
        self,
        location: Location,
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
        if location not in self._open:
            info = _nested_info(location, outer)
            # A zip in this zip needs it to stay open, so there are as many as there are levels.
            while len(self._open) >= limits.DEEPEST:
                self._close_oldest()
            self._open[location] = _spooled(
                outer,
                info,
                display_path(location),
                largest_index,
            )
        self._open.move_to_end(location)
        opened, _ = self._open[location]
        return opened

    def _close_oldest(self) -> None:
        _, (opened, file) = self._open.popitem(last=False)
        opened.close()
        file.close()


def _nested_info(location: Location, outer: zipfile.ZipFile) -> zipfile.ZipInfo:
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
        with outer.open(info) as packed:
            shutil.copyfileobj(packed, file, 1 << 20)
        return open_zip(file, where, largest_index), file
    except BaseException:
        file.close()
        raise
