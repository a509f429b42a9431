"""Access to zips and nested zips, refusing members and zips that would do harm."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import zipfile
from collections import OrderedDict
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from fitglue_files import limits
from fitglue_files.members import display_path
from fitglue_files.refusals import bomb, refusal, zip_too_large

if TYPE_CHECKING:
    from fitglue_files.members import Location
    from fitglue_registry.errors import RecordRefused

#: ZIP specification (APPNOTE), general purpose bit flag: bit 0 means encrypted.
_ENCRYPTED = 0x1


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


def refuse_bomb(opened: zipfile.ZipFile, where: str) -> None:
    """Raise ``RecordRefused`` if the members of a zip together unpack to more than real files
    could.

    In one kind of bomb, all members share the same compressed bytes, so that each of them is
    harmless on its own.
    """
    packed = 0
    if opened.fp is not None:
        packed = opened.fp.seek(0, os.SEEK_END)
    unpacked = 0
    for info in opened.infolist():
        # A member that is refused itself is not unpacked, so it does not count.
        if member_problem(info, "") is None:
            unpacked += info.file_size
    if unpacked > max(4 * limits.BOMB_SIZE, limits.BOMB_RATIO * packed):
        raise bomb(where)


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


class Spool:
    """A nested zip in a temporary file, which is deleted when the last reader drops it."""

    def __init__(
        self,
        outer: zipfile.ZipFile,
        info: zipfile.ZipInfo,
    ) -> None:
        # On POSIX the file has no name, so nothing remains if the process is killed.
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this object
        with outer.open(info) as packed:
            shutil.copyfileobj(packed, self._file, 1 << 20)
        self.zip = zipfile.ZipFile(self._file)

    def __del__(self) -> None:
        self._file.close()


#: The most recently used nested zips, which outlive a reader: each call of the fetch hook has a
#: reader of its own for some fifty files, and unpacking 2 GB for each of them would take hours.
_spools: OrderedDict[tuple[object, ...], Spool] = OrderedDict()
_MOST_SPOOLS = 4
_spooling = threading.Lock()


def spooled(location: Location, outer: zipfile.ZipFile) -> Spool:
    """Return a nested zip.

    Its index is at its end, so it has to be unpacked into a file of its own before it can be read.

    Raises:
        RecordRefused: If the nested zip is encrypted, a bomb, or too large.
    """
    where = display_path(location)
    info = outer.getinfo(location[-1])
    problem = member_problem(info, where)
    if problem is not None:
        raise problem
    if info.file_size > limits.LARGEST_ZIP:
        raise zip_too_large(where)
    status = Path(location[0]).stat()
    key = (*location, status.st_mtime_ns, status.st_size, info.CRC)
    with _spooling:
        if key not in _spools:
            _spools[key] = Spool(outer, info)
            while len(_spools) > _MOST_SPOOLS:
                _spools.popitem(last=False)
        _spools.move_to_end(key)
        return _spools[key]
