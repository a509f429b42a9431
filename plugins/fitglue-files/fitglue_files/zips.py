"""Opens zips, and zips in zips, and refuses those members and zips that would do harm."""

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
from fitglue_files.members import shown
from fitglue_files.refusals import bomb, refusal, too_large

if TYPE_CHECKING:
    from fitglue_files.members import Location
    from fitglue_registry.errors import RecordRefused

_ENCRYPTED = 0x1


def problem_of(
    info: zipfile.ZipInfo,
    where: str,
) -> RecordRefused | None:
    """Why a member is not even opened, ``None`` where it may be."""
    if _leads_out(info.filename):
        return refusal(
            "FG-zip-path",
            where,
            "its name leads out of the archive, as only hostile archives have it",
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
    if info.file_size > max(limits.BOMB_SIZE, limits.BOMB_RATIO * packed):
        return bomb(where)
    return None


def _leads_out(name: str) -> bool:
    """Whether a name is absolute, has a drive, or climbs up."""
    if name.startswith(("/", "\\")):
        return True
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or parts[0][1:2] == ":"


def weigh(opened: zipfile.ZipFile, where: str) -> None:
    """Refuses a zip whose members together unpack to what no real file packs to, be it that they
    share their bytes.
    """
    packed = 0
    if opened.fp is not None:
        packed = opened.fp.seek(0, os.SEEK_END)
    unpacked = 0
    for info in opened.infolist():
        # What is refused by its own size is not counted again.
        if problem_of(info, "") is None:
            unpacked += info.file_size
    if unpacked > max(4 * limits.BOMB_SIZE, limits.BOMB_RATIO * packed):
        raise bomb(where)


def modified_s(info: zipfile.ZipInfo) -> float:
    """When a member was changed, in seconds since 1970; 0 where that makes no sense."""
    try:
        return datetime(*info.date_time, tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0


# -- zips in zips ----------------------------------------------------------------------------------


class Spool:
    """A zip that lay in a zip, in a temporary file that ends with the last who reads it."""

    def __init__(
        self,
        outer: zipfile.ZipFile,
        info: zipfile.ZipInfo,
    ) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it ends with this object
        with outer.open(info) as packed:
            shutil.copyfileobj(packed, self._file, 1 << 20)
        self.zip = zipfile.ZipFile(self._file)

    def __del__(self) -> None:
        self._file.close()


#: Unpacked again for every hundred files, a part of 2 GB would take the day: those used last are
#: kept.
_spools: OrderedDict[tuple[object, ...], Spool] = OrderedDict()
_MOST_SPOOLS = 4
_spooling = threading.Lock()


def spooled(location: Location, outer: zipfile.ZipFile) -> Spool:
    """A zip in a zip, which can be read only from a file of its own."""
    where = shown(location)
    info = outer.getinfo(location[-1])
    problem = problem_of(info, where)
    if problem is not None:
        raise problem
    if info.file_size > limits.LARGEST_ZIP:
        raise too_large(where)
    status = Path(location[0]).stat()
    key = (*location, status.st_mtime_ns, status.st_size, info.CRC)
    with _spooling:
        if key not in _spools:
            _spools[key] = Spool(outer, info)
            while len(_spools) > _MOST_SPOOLS:
                _spools.popitem(last=False)
        _spools.move_to_end(key)
        return _spools[key]
