"""Walks files, folders, zips and zips in zips as one flat row of members; nothing here knows what
is inside them.
"""

from __future__ import annotations

import gzip
import io
import os
import shutil
import stat
import tempfile
import threading
import zipfile
import zlib
from collections import OrderedDict
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from fitglue_registry.errors import Place, RecordRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

#: A workout of a day is some 10 MB; what unpacks to more than this is a mistake or a bomb.
LARGEST = 256 << 20
#: A zip in a zip is unpacked into a temporary file, up to so many bytes; the parts of Garmin's
#: archive have less than 2 GB.
LARGEST_ZIP = 8 << 30
#: So deep may zips lie in zips; Garmin's archive has two levels, somebody's zip of archives three.
DEEPEST = 3
#: Text packs to a tenth, a file of zeros to a thousandth.
_BOMB_RATIO, _BOMB_SIZE = 200, 16 << 20
_HEAD = 4096
GZIP = b"\x1f\x8b"
_ENCRYPTED = 0x1
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
    UnicodeError,
)
_SEPARATOR = " > "


@dataclass(frozen=True, slots=True)
class Member:
    """One file, wherever it lies: the path of the outermost file, then the names on the way in."""

    location: tuple[str, ...]
    modified_s: float
    size: int
    mark: str  # differs where the content may differ: a modification time, a check sum

    @property
    def name(self) -> str:
        """Its path in the innermost container, or where there is none, its whole path."""
        return self.location[-1]

    @property
    def where(self) -> str:
        """How people find it."""
        return _SEPARATOR.join(self.location).encode("utf-8", "replace").decode()

    @property
    def key(self) -> str:
        """What a note about its content may be kept under."""
        return "\0".join((*self.location, self.mark))


@dataclass(frozen=True, slots=True)
class Refusal:
    """A member, or a whole container, that is left out, and why."""

    location: tuple[str, ...]
    error: RecordRefused
    modified_s: float = 0.0

    @property
    def where(self) -> str:
        """How people find it."""
        return _SEPARATOR.join(self.location).encode("utf-8", "replace").decode()


class Box:
    """Opens members, and keeps the zips open that they lie in; a context manager, for one
    thread.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._zips: dict[tuple[str, ...], zipfile.ZipFile] = {}
        self._spools: list[_Spool] = []

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

    def walk(self, paths: Sequence[str | Path]) -> Iterator[Member | Refusal]:
        """Every file at and below the paths, those in zips too; hidden ones, and the shadows that a
        Mac leaves, are passed over.
        """
        for path in paths:
            for found in _files(Path(path)):
                yield from self._from_file(found)

    def open(self, member: Member) -> IO[bytes]:
        """The member's bytes; raises ``RecordRefused`` where it cannot be opened, reading may raise
        whatever ``refused`` knows.
        """
        try:
            if len(member.location) == 1:
                return Path(member.location[0]).open("rb")
            return self._zip(member.location[:-1]).open(member.name)
        except KeyError as error:
            raise refuse(
                "FG-file-missing",
                member.where,
                "it is not in the archive any more",
                fix="import the archive again",
            ) from error
        except _BROKEN as error:
            raise refused(member.where, error) from error

    def head(self, member: Member, size: int = _HEAD) -> bytes:
        """Its first bytes."""
        try:
            with self.open(member) as file:
                return file.read(size)
        except _BROKEN as error:
            raise refused(member.where, error) from error

    def read(self, member: Member, largest: int | None = None) -> bytes:
        """All of its bytes, as they lie; raises ``RecordRefused`` where that cannot be, or they are
        too many.
        """
        largest = LARGEST if largest is None else largest
        try:
            with self.open(member) as file:
                content = file.read(largest + 1)
        except _BROKEN as error:
            raise refused(member.where, error) from error
        if len(content) > largest:
            raise too_large(member.where)
        return content

    def members(self, location: tuple[str, ...]) -> Iterator[Member | Refusal]:
        """The members of one zip, zips in it opened as well."""
        try:
            opened = self._zip(location)
            _weigh(opened, _SEPARATOR.join(location))
        except RecordRefused as error:
            yield Refusal(location, error)
            return
        except _BROKEN as error:
            yield Refusal(location, refused(_SEPARATOR.join(location), error))
            return
        for info in {info.filename: info for info in opened.infolist()}.values():
            if not info.is_dir() and not _is_hidden(info.filename):
                yield from self._from_zip(location, info)

    def _from_file(self, path: Path) -> Iterator[Member | Refusal]:
        location = (str(path),)
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                return  # a pipe or a device: opening it may wait for ever
            member = Member(
                location, status.st_mtime, status.st_size, f"{status.st_mtime_ns}/{status.st_size}"
            )
            is_zip = path.suffix.lower() == ".zip"
            if zipfile.is_zipfile(path) if is_zip else self.head(member, 4) in _ZIPS:
                yield from self.members(location)
            elif is_zip:
                yield Refusal(
                    location,
                    refuse(
                        "FG-zip-broken",
                        str(path),
                        "it has no index: it was cut while it was downloaded or copied",
                        fix="download it again",
                    ),
                    status.st_mtime,
                )
            else:
                yield member
        except RecordRefused as error:
            yield Refusal(location, error)
        except OSError as error:
            yield Refusal(location, refused(str(path), error))

    def _from_zip(
        self, outer: tuple[str, ...], info: zipfile.ZipInfo
    ) -> Iterator[Member | Refusal]:
        location = (*outer, info.filename)
        modified_s = _modified(info)
        problem = _problem(info, _SEPARATOR.join(location))
        if problem is not None:
            yield Refusal(location, problem, modified_s)
        elif not info.filename.lower().endswith(".zip"):
            if info.file_size > LARGEST:
                yield Refusal(location, too_large(_SEPARATOR.join(location)), modified_s)
            else:
                yield Member(
                    location, modified_s, info.file_size, f"{info.CRC:08x}/{info.file_size}"
                )
        elif len(location) > DEEPEST:
            yield Refusal(
                location,
                refuse(
                    "FG-zip-too-deep",
                    _SEPARATOR.join(location),
                    f"zips lie in zips more than {DEEPEST} deep",
                    fix="unpack it, and import the folder",
                ),
                modified_s,
            )
        else:
            yield from self.members(location)

    def _zip(self, location: tuple[str, ...]) -> zipfile.ZipFile:
        if location not in self._zips:
            if len(location) == 1:
                self._zips[location] = self._stack.enter_context(zipfile.ZipFile(location[0]))
            else:
                spool = _spooled(location, self._zip(location[:-1]))
                self._spools.append(spool)
                self._zips[location] = spool.zip
        return self._zips[location]


# -- files and folders -----------------------------------------------------------------------------


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        yield from (Path(folder, name) for name in sorted(names) if not _is_hidden(name))


def _is_hidden(name: str) -> bool:
    """A leading dot is a hidden file, and on a Mac the shadow of a real one."""
    return any(
        part == "__MACOSX" or (part.startswith(".") and part not in (".", ".."))
        for part in PurePosixPath(name).parts
    )


# -- zips ------------------------------------------------------------------------------------------

_ZIPS = (b"PK\x03\x04", b"PK\x05\x06")


class _Spool:
    """A zip that lay in a zip, in a temporary file that ends with the last who reads it."""

    def __init__(self, outer: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it ends with this object
        with outer.open(info) as packed:
            shutil.copyfileobj(packed, self._file, 1 << 20)
        self.zip = zipfile.ZipFile(self._file)

    def __del__(self) -> None:
        self._file.close()


#: Unpacked again for every hundred files, a part of 2 GB would take the day: those used last are
#: kept.
_spools: OrderedDict[tuple[object, ...], _Spool] = OrderedDict()
_MOST_SPOOLS = 4
_spooling = threading.Lock()


def _spooled(location: tuple[str, ...], outer: zipfile.ZipFile) -> _Spool:
    """A zip in a zip can be read only from a file of its own."""
    info = outer.getinfo(location[-1])
    problem = _problem(info, _SEPARATOR.join(location))
    if problem is not None:
        raise problem
    if info.file_size > LARGEST_ZIP:
        raise too_large(_SEPARATOR.join(location))
    status = Path(location[0]).stat()
    key = (*location, status.st_mtime_ns, status.st_size, info.CRC)
    with _spooling:
        if key not in _spools:
            _spools[key] = _Spool(outer, info)
            while len(_spools) > _MOST_SPOOLS:
                _spools.popitem(last=False)
        _spools.move_to_end(key)
        return _spools[key]


def _problem(info: zipfile.ZipInfo, where: str) -> RecordRefused | None:
    """Why a member is not even opened."""
    parts = info.filename.replace("\\", "/").split("/")
    if ".." in parts or info.filename.startswith(("/", "\\")) or parts[0][1:2] == ":":
        return refuse(
            "FG-zip-path",
            where,
            "its name leads out of the archive, as only hostile archives have it",
            fix="remove it",
        )
    if info.flag_bits & _ENCRYPTED:
        return refuse(
            "FG-file-encrypted",
            where,
            "it is encrypted",
            fix="unpack the archive with its password, and import the folder",
        )
    if info.file_size > _BOMB_SIZE and info.file_size > _BOMB_RATIO * max(info.compress_size, 1):
        return bomb(where)
    return None


def _weigh(opened: zipfile.ZipFile, where: str) -> None:
    """Refuses a zip whose members together unpack to what no real file packs to, be it that they
    share their bytes.
    """
    packed = opened.fp.seek(0, os.SEEK_END) if opened.fp else 0
    # What is refused by its own size is not counted again.
    unpacked = sum(info.file_size for info in opened.infolist() if _problem(info, "") is None)
    if unpacked > 4 * _BOMB_SIZE and unpacked > _BOMB_RATIO * packed:
        raise bomb(where)


def _modified(info: zipfile.ZipInfo) -> float:
    try:
        return datetime(*info.date_time, tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0


# -- packed singly, and refused --------------------------------------------------------------------


def unpack(content: bytes, where: str) -> bytes:
    """The content of a file, whether it is a gzip or not; raises ``RecordRefused``."""
    if not content.startswith(GZIP):
        return content
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            unpacked = packed.read(LARGEST + 1)
    except (zlib.error, OSError, EOFError) as error:
        raise refuse(
            "FG-file-broken", where, f"it is a broken gzip: {error}", fix="export it again"
        ) from error
    if len(unpacked) > LARGEST:
        raise too_large(where)
    return unpacked


def unpack_head(content: bytes) -> bytes:
    """The first bytes of what a gzip holds, or none where they cannot be read."""
    if not content.startswith(GZIP):
        return content
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(content, _HEAD)
    except zlib.error:
        return b""


def refuse(code: str, where: str, why: str, *, fix: str) -> RecordRefused:
    """A refusal that names the file."""
    return RecordRefused(code, f"{where} cannot be used: {why}", at=Place(file=where), fix=fix)


def too_large(where: str) -> RecordRefused:
    """The refusal of what is larger than any workout."""
    return refuse(
        "FG-file-too-large",
        where,
        f"it has more than {LARGEST >> 20} MB, which no workout has",
        fix="leave it out",
    )


def bomb(where: str) -> RecordRefused:
    """The refusal of what is small and would unpack to something huge."""
    return refuse(
        "FG-zip-bomb",
        where,
        "it unpacks to hundreds of times its size, as only hostile archives do",
        fix="remove it",
    )


def refused(where: str, error: BaseException) -> RecordRefused:
    """The refusal that a failure of opening or reading is."""
    if isinstance(error, RecordRefused):
        return error
    if isinstance(error, FileNotFoundError):
        return refuse(
            "FG-file-missing",
            where,
            "it is not there any more",
            fix="put it back, or leave it: what was read of it is kept",
        )
    # Zipfile's word for a compression that it does not know.
    if isinstance(error, NotImplementedError):
        return refuse(
            "FG-zip-packing",
            where,
            f"it is packed in a way that Python cannot read ({error})",
            fix="unpack the archive with another program, and import the folder",
        )
    if isinstance(error, OSError):
        return refuse(
            "FG-file-unreadable",
            where,
            str(error),
            fix="mend it, or give your user the right to read it",
        )
    return refuse(
        "FG-zip-broken", where, f"the archive is broken there: {error}", fix="download it again"
    )
