"""Says what a path looks like that no plugin recognises, in words for whoever typed it, and what
could be done with it.
"""

from __future__ import annotations

import zipfile
from collections import Counter
from itertools import islice
from pathlib import Path

_HEAD = 512
_MOST = 10_000
#: First bytes → what begins with them.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "a gzip file"),
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
_CUT = "a zip that is cut off or broken"
_BROKEN = ("an empty file", _CUT)
_PACKED = ("a 7-Zip archive", "a RAR archive", "a tar archive", "a bzip2 file", "an xz file")


def looks_like(path: Path) -> tuple[str, str | None]:
    """(what the path looks like, what to do about it if there is something), also where reading
    fails.
    """
    try:
        if path.is_dir():
            return _folder(path), None
        what = _file(path)
    except (OSError, ValueError) as error:
        return f"it cannot be read: {error}", "give your user the right to read it"
    if what in _BROKEN:
        return what, "download or copy it again"
    return what, "unpack it, and import the folder" if what in _PACKED else None


def _folder(path: Path) -> str:
    files = list(islice((file for file in path.rglob("*") if file.is_file()), _MOST))
    if not files:
        return "an empty folder"
    kinds = Counter(file.suffix.lower() or "without a suffix" for file in files).most_common(3)
    more = "more than " if len(files) == _MOST else ""
    return (
        f"a folder of {more}{len(files):,} files: "
        f"{', '.join(f'{number:,} {kind}' for kind, number in kinds)}"
    )


def _file(path: Path) -> str:
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        return "an empty file"
    if zipfile.is_zipfile(path):
        return _zip(path)
    if head.startswith(b"PK\x03\x04"):  # its index, which is at its end, is not there
        return _CUT
    if head[257:262] == b"ustar":
        return "a tar archive"
    if head[8:12] == b".FIT":
        return "a FIT file"
    known = next(
        (what for magic, what in _MAGIC if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(magic)),
        None,
    )
    return known or (
        f"a text that begins with {head.decode(errors='replace').strip()[:40]!r}"
        if _is_text(head)
        else f"a file of an unknown kind, {size:,} bytes"
    )


def _zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as packed:
            names = [name for name in packed.namelist() if not name.endswith("/")]
    # The latter is zipfile's word for a zip of a later kind than it knows.
    except (zipfile.BadZipFile, NotImplementedError):
        return _CUT
    shown = ", ".join(Path(name).name for name in names[:3])
    return (
        f"a zip of {len(names):,} files: {shown}{', …' if len(names) > 3 else ''}"
        if names
        else "an empty zip"
    )


def _is_text(head: bytes) -> bool:
    try:
        head[:-3].decode()  # the last character may be cut in two
    except UnicodeDecodeError:
        return False
    return b"\0" not in head
