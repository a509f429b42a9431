"""Finds files that a program is probably still writing, because their end is missing."""

from __future__ import annotations

import gzip
import os
import re
import stat
import time
import zlib
from contextlib import suppress
from typing import IO, TYPE_CHECKING, NamedTuple

from fitglue_registry.payloads import GZIP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: How many bytes of the beginning and of the end of a file are looked at. The record at the end of
#: a zip can have a comment of up to 64 kB behind it.
_HEAD = 512
_TAIL = 66_000
#: FIT protocol: byte 0 is the size of the header, bytes 4 to 7 that of the data, bytes 8 to 11 are
#: ".FIT"; a checksum of two bytes follows the data.
_FIT = slice(8, 12)
_FIT_DATA = slice(4, 8)
_FIT_CHECKSUM = 2
#: ZIP specification (APPNOTE): the beginning of a member, and of the record at the end.
_ZIP = b"PK\x03\x04"
_ZIP_END = b"PK\x05\x06"
#: How many bytes of a gzip are unpacked at a time, and how often. A file that unpacks to more than
#: 256 MB is refused, whether it is complete or not.
_PIECE = 1 << 20
_MOST_PIECES = 256
#: The name of the first element of an XML file, behind declarations and comments.
_ROOT = re.compile(rb"<([A-Za-z_][\w:.-]{0,60})[\s/>]")
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Unfinished(NamedTuple):
    """A file whose end is missing, and how many seconds ago it was changed."""

    path: str
    age_s: float


def unfinished_files(roots: Iterable[str], patience_s: float) -> list[Unfinished]:
    """Return the files below some paths that were changed lately and whose end is missing.

    It runs in a worker process, because it reads foreign files.

    Args:
        roots: Files and folders.
        patience_s: A file that was not changed for this time, in seconds, counts as finished: its
            program has ended, and nothing more will come.
    """
    unfinished = []
    for root in roots:
        for path in _files(os.path.realpath(root)):
            with suppress(OSError):
                age_s = _age_if_unfinished(path, patience_s)
                if age_s is not None:
                    unfinished.append(Unfinished(path, age_s))
    return unfinished


def _files(root: str) -> Iterator[str]:
    """Yield a file, or the files below a folder of any depth; links are not followed."""
    if not os.path.isdir(root):  # noqa: PTH112 - Path would be slow for many files
        yield root
        return
    waiting = [root]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    yield entry.path


def _age_if_unfinished(path: str, patience_s: float) -> float | None:
    """Return the age of a file in seconds if its end is missing, else ``None``."""
    # The clock of a network drive may be ahead of ours.
    age_s = time.time() - os.lstat(path).st_mtime
    if abs(age_s) > patience_s:
        return None
    handle = os.open(path, _OPEN)
    with open(handle, "rb") as file:  # noqa: PTH123 - it is open
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return None
        head = file.read(_HEAD)
        if head.startswith(GZIP):
            file.seek(0)
            return age_s if gzip_lacks_end(file) else None
        file.seek(max(status.st_size - _TAIL, 0))
        tail = file.read(_TAIL)
    return age_s if lacks_end(head, tail, status.st_size) else None


def lacks_end(
    head: bytes,
    tail: bytes,
    size: int,
) -> bool:
    """Return whether the end of a file is missing.

    Args:
        head: Its first bytes.
        tail: Its last bytes.
        size: Its size in bytes.
    """
    if not head:
        return True
    if head[_FIT] == b".FIT":
        data_size = int.from_bytes(head[_FIT_DATA], "little")
        # A device writes the size of the data when the recording ends.
        return data_size == 0 or size < head[0] + data_size + _FIT_CHECKSUM
    if head.startswith(_ZIP):
        return _ZIP_END not in tail
    return _is_xml(head) and not _has_end_tag(head, tail)


def gzip_lacks_end(file: IO[bytes]) -> bool:
    """Return whether the end of a gzip is missing, which shows only when it is unpacked.

    Args:
        file: The file, at its beginning. It may be several gzips behind one another.
    """
    try:
        with gzip.GzipFile(fileobj=file) as unpacked:
            for _ in range(_MOST_PIECES):
                if not unpacked.read(_PIECE):
                    return False
    except EOFError:
        return True
    except (zlib.error, OSError):
        return False  # it is damaged, so waiting for its end does not help
    return False


def _is_xml(head: bytes) -> bool:
    for mark in _BYTE_ORDER_MARKS:
        head = head.removeprefix(mark)
    return _narrow(head).lstrip().startswith(b"<")


def _has_end_tag(head: bytes, tail: bytes) -> bool:
    root = _ROOT.search(_narrow(head))
    if root is None:
        return True  # it may be anything
    return b"</" + root[1] in _narrow(tail)[-_HEAD:]


def _narrow(content: bytes) -> bytes:
    """Return a content in UTF-16 as ASCII, as far as names of elements are concerned."""
    return content.replace(b"\0", b"")
