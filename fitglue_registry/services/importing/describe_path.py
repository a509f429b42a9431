"""Describes a path that no plugin recognizes, in words for the person who typed it."""

from __future__ import annotations

import os
import re
import zipfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.payloads import GZIP, ZIP_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The number of bytes that are examined; a tar archive has its magic number at byte 257.
_HEAD = 512
#: A folder is not searched further than this many files.
_MOST_FILES = 10_000
#: The first bytes of a file → what it is.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (GZIP, "a gzip file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format 3\0", "a SQLite database"),
    (b"{", "JSON"),
    (b"[", "JSON"),
)
_PART_OF_ZIP = re.compile(r"\.(z[0-9]{2}|zip\.[0-9]{3})\Z", re.IGNORECASE)
_BYTE_ORDER_MARK_AND_SPACE = b"\xef\xbb\xbf \r\n\t"
_BROKEN_ZIP = "a zip that is cut off or broken"
_BROKEN = ("an empty file", _BROKEN_ZIP)
_PACKED = ("a 7-Zip archive", "a RAR archive", "a tar archive", "a bzip2 file", "an xz file")


@dataclass(frozen=True, slots=True)
class Description:
    """What is at a path, in words, and what to do about it if anything helps."""

    what: str
    fix: str | None = None


def describe(path: Path) -> Description:
    """Describe what is at a path; never raises, even if it cannot be read.

    It runs in a worker process, because an index of a zip or a folder can be of any size.
    """
    try:
        what = _folder(path) if path.is_dir() else _file(path)
    except MemoryError:
        return Description("its index needs more memory than FitGlue gives to one file")
    except PermissionError:
        return Description("you may not read it", "give yourself permission to read it")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        return Description(f"it cannot be read: {why}", "copy it again from where it came from")
    if _is_part_of_zip(path):
        return Description(
            "one part of a zip that was split",
            "join its parts with the program that made them, and import the zip",
        )
    if what in _BROKEN or (path.suffix.lower() == ".zip" and what.startswith("a text file")):
        return Description(what, "download it again, or copy it again")
    if what in _PACKED:
        return Description(what, "unpack it, and import the folder")
    return Description(what)


def _is_part_of_zip(path: Path) -> bool:
    """Return whether a name is that of a part of a split zip (``a.z01``, ``a.zip.001``)."""
    return _PART_OF_ZIP.search(path.name) is not None


def _folder(path: Path) -> str:
    suffixes = Counter(islice(_suffixes(path), _MOST_FILES))
    number_of_files = suffixes.total()
    if not number_of_files:
        return "an empty folder"
    kinds = []
    for suffix, number in suffixes.most_common(3):
        kinds.append(f"{number:,} {suffix or 'without a suffix'}")
    more = "more than " if number_of_files == _MOST_FILES else ""
    files = "file" if number_of_files == 1 else "files"
    return f"a folder of {more}{number_of_files:,} {files}: {', '.join(kinds)}"


def _suffixes(folder: Path) -> Iterator[str]:
    """Yield the suffix of each file in a folder of any depth; links are not followed."""
    # ``Path.rglob`` calls itself for each level, and fails for a thousand of them.
    waiting = [os.fspath(folder)]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    yield Path(entry.name).suffix.lower()


def _file(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        return "an empty file"
    if zipfile.is_zipfile(path):
        return _zip(path)
    known = _known_head(head)
    if known:
        return known
    if _is_text(head):
        # A link may lead to a secret, or to a file of another athlete of the server.
        if path.resolve() != path:
            return "a text file"
        beginning = head.decode(errors="replace").strip()[:40]
        return f"a text file that begins with {beginning!r}"
    return f"a file of an unknown kind, {path.stat().st_size:,} bytes"


def _known_head(head: bytes) -> str | None:
    if head.startswith(ZIP_FILE):  # its index, which is at its end, is missing
        return _BROKEN_ZIP
    if head[257:262] == b"ustar":
        return "a tar archive"
    if head[8:12] == b".FIT":
        return "a FIT file"
    beginning = head.lstrip(_BYTE_ORDER_MARK_AND_SPACE)
    for magic, what in _MAGIC:
        if beginning.startswith(magic):
            return what
    return None


def _zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
    # NotImplementedError: the zip needs a newer version of the format than zipfile supports.
    except (zipfile.BadZipFile, NotImplementedError):
        return _BROKEN_ZIP
    if not names:
        return "an empty zip"
    shown = ", ".join(Path(name).name for name in names[:3])
    more = ", …" if len(names) > 3 else ""
    return f"a zip of {len(names):,} files: {shown}{more}"


def _is_text(head: bytes) -> bool:
    try:
        head[:-3].decode()  # the last character may be cut in two
    except UnicodeDecodeError:
        return False
    return b"\0" not in head
