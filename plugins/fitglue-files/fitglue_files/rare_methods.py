"""Unpacking of zip members that are packed with bzip2 or LZMA, a piece at a time.

zipfile limits what it unpacks at once only for deflate. With these methods, a few kilobytes unpack
to gigabytes, whatever size the zip states for them.
"""

from __future__ import annotations

import copy
import io
import zipfile
import zlib
from collections import Counter
from typing import IO, TYPE_CHECKING, Protocol, cast

from fitglue_files.members import display_path
from fitglue_files.refusals import among_damaged, larger_than_stated
from fitglue_registry.errors import RecordRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_files.members import MemberPath

#: Bytes that are read, or unpacked, at once.
_PIECE = 1 << 16
#: Bytes. A member that states to have at most this many is unpacked when it is opened. So it shows
#: at once whether that is true, and not only when somebody reads it to its end.
_SMALL = 1 << 20
#: So many members of a file on the disk may turn out to be damaged or larger than stated. To find
#: that out takes up to a tenth of a second each, even if they have only some bytes.
_MOST_DAMAGED = 20
#: The ZIP specification (APPNOTE 5.8.8): two numbers of two bytes before the properties of LZMA,
#: the second of which is their size, and the smallest dictionary that liblzma accepts.
_LZMA_HEAD, _LZMA_PROPERTIES, _SMALLEST_DICTIONARY = 4, 5, 4096


class _Decompressor(Protocol):
    """What ``bz2`` and ``lzma`` have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def open_member(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    where: str,
) -> IO[bytes]:
    """Open a member of a zip for reading, whatever method it is packed with.

    Args:
        archive: The zip.
        info: The entry of the member in its index.
        where: Its place, for the message.

    Raises:
        RecordRefused: It unpacks to more than the index states; reading can raise this, too.
        NotImplementedError: The method is not known.
    """
    make = METHODS.get(info.compress_type)
    if make is None:
        return archive.open(info)
    unpacked = _Unpacked(archive, info, make, where)
    if info.file_size > _SMALL:
        return cast("IO[bytes]", unpacked)
    with unpacked:
        return io.BytesIO(unpacked.read())


class MemberOpener:
    """Opens members of zips, and gives up a file on the disk if many of its members are damaged."""

    def __init__(self) -> None:
        #: The path of a file on the disk → how many members in it could not be unpacked.
        self._damaged: Counter[str] = Counter()

    def open(
        self,
        archive: zipfile.ZipFile,
        info: zipfile.ZipInfo,
        location: MemberPath,
    ) -> IO[bytes]:
        """Open a member for reading, see ``open_member``.

        Args:
            archive: The zip.
            info: The entry of the member in its index.
            location: Where it is.
        """
        where = display_path(location)
        if info.compress_type in METHODS and self._damaged[location[0]] >= _MOST_DAMAGED:
            raise among_damaged(where)
        try:
            return open_member(archive, info, where)
        except (RecordRefused, zipfile.BadZipFile):
            self._damaged[location[0]] += 1
            raise


class _Unpacked(io.BufferedIOBase):
    """The unpacked bytes of a member, which are never more than its index states."""

    def __init__(
        self,
        archive: zipfile.ZipFile,
        info: zipfile.ZipInfo,
        make: Callable[[IO[bytes], zipfile.ZipInfo], _Decompressor],
        where: str,
    ) -> None:
        self._where = where
        self._left = info.file_size
        self._expected = info.CRC
        self._checksum = 0
        self._packed = archive.open(_as_stored(info))
        self._decompressor = make(self._packed, info)

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        # Not in one piece of this size: it is the limit of what somebody wants, and may be huge.
        pieces = []
        wanted = self._left + 1 if size is None or size < 0 else size
        while wanted > 0:
            piece = self.read1(min(wanted, _PIECE))
            if not piece:
                break
            pieces.append(piece)
            wanted -= len(piece)
        return b"".join(pieces)

    def read1(self, size: int = -1) -> bytes:
        # One byte more than stated shows that there are more.
        most = min(size if size > 0 else _PIECE, self._left + 1)
        piece = self._next(most)
        if len(piece) > self._left:
            raise larger_than_stated(self._where)
        self._left -= len(piece)
        self._checksum = zlib.crc32(piece, self._checksum)
        if not piece and (self._left or self._checksum != self._expected):
            raise zipfile.BadZipFile("its bytes do not match the checksum or the size in the index")
        return piece

    def close(self) -> None:
        self._packed.close()
        super().close()

    def _next(self, most: int) -> bytes:
        """Return the next unpacked bytes; none at the end."""
        while not self._decompressor.eof:
            data = b""
            if self._decompressor.needs_input:
                data = self._packed.read(_PIECE)
                if not data:
                    break
            try:
                piece = self._decompressor.decompress(data, most)
            # ``LZMAError`` has no other base, and its module may not exist.
            except Exception as error:
                raise zipfile.BadZipFile(f"it cannot be unpacked: {error}") from error
            if piece:
                return piece
        return b""


def _as_stored(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """Return an entry with which zipfile returns the packed bytes of a member."""
    stored = copy.copy(info)
    stored.compress_type = zipfile.ZIP_STORED
    stored.file_size = info.compress_size
    # It is that of the unpacked bytes, and zipfile checks none if there is none.
    del stored.CRC
    return stored


def _bzip2(packed: IO[bytes], info: zipfile.ZipInfo) -> _Decompressor:
    del packed, info
    try:
        import bz2
    except ImportError as error:  # Python can be built without it
        raise NotImplementedError("bzip2") from error
    return bz2.BZ2Decompressor()


def _lzma(packed: IO[bytes], info: zipfile.ZipInfo) -> _Decompressor:
    try:
        import lzma
    except ImportError as error:  # Python can be built without it
        raise NotImplementedError("LZMA") from error
    head = packed.read(_LZMA_HEAD)
    properties = packed.read(int.from_bytes(head[2:], "little"))
    if len(properties) != _LZMA_PROPERTIES:
        raise zipfile.BadZipFile("its LZMA properties are damaged")
    position, rest = divmod(properties[0], 45)
    literal, context = divmod(rest, 9)
    # The stated dictionary has up to 4 GiB. More than the unpacked bytes is never used.
    dictionary = min(int.from_bytes(properties[1:], "little"), info.file_size)
    filters = {
        "id": lzma.FILTER_LZMA1,
        "lc": context,
        "lp": literal,
        "pb": position,
        "dict_size": max(dictionary, _SMALLEST_DICTIONARY),
    }
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[filters])
    except (lzma.LZMAError, ValueError) as error:
        raise zipfile.BadZipFile(f"its LZMA properties are damaged: {error}") from error


#: The methods that this module unpacks → what makes a decompressor.
METHODS: dict[int, Callable[[IO[bytes], zipfile.ZipInfo], _Decompressor]] = {
    zipfile.ZIP_BZIP2: _bzip2,
    zipfile.ZIP_LZMA: _lzma,
}
